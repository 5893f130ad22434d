package generate

// family is a way to drive packages. Each has a file family_NAME.go with its own
// variable, and a line in the list of families.go; nothing else in the package
// knows a family by name.
type family struct {
	// name is the family's name in driver files.
	name Family
	// matches reports whether a package whose driver file names no family is one
	// of this family. By then token ids, masks and caches are bound; of the
	// families it is the first that matches that is taken.
	matches func(*binder) bool
	// bind completes the driver, by steps that families share and by its own, and
	// refuses a package that the family cannot drive.
	bind step
}
