"""The intermediate representation: types, ops, builder, verifier, text form."""
