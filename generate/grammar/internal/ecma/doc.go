// Package ecma reads the regular expressions of JSON schema: those of ECMA-262 with its
// flag u, as far as they are regular. They become expressions of package rules.
//
// Back references, word boundaries and lookbehind are refused. Lookahead is an
// intersection with what follows, and exact.
package ecma
