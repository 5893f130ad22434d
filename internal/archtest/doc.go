// Package archtest holds the module's own rules as tests: which package may
// import which, on every operating system; how large a file may grow; which
// identifiers library code does without; that every exported symbol is
// documented; that nothing public shows an internal type; and which modules the
// root module may depend on.
//
// The rules are data ([Default]) and the checker ([Load], [Tree.Check]) reads
// source files only, through go/build and go/parser. It therefore sees the files
// of all systems at once, whichever system the tests run on.
//
// To change a rule, change the list in rules.go and say why in RATIONALE.md.
package archtest
