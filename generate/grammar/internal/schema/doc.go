// Package schema compiles JSON schema (draft 2020-12, and what earlier ones spell
// differently) to rules: programs that read exactly the values that a schema allows, in
// canonical form. A keyword that cannot be compiled exactly is refused by its name; none
// is left out.
//
// # How it works
//
// A schema is a set of values, and so is everything that keywords make of it. A formula
// names such a set without saying what is in it: a schema of the document, one value, or
// and, or and not of formulas. expand says what is in it, by type: numbers and strings
// are regular languages over their spelling; arrays and objects are alternatives of
// shapes, whose items and members are formulas again. Sets can be intersected, joined and
// subtracted, which is all that allOf, anyOf, oneOf, not, if and the others are.
//
// As formulas of inner values stay closed, and equal ones are the same, a schema that
// refers to itself becomes finitely many; each becomes a rule. This is how an alternating
// tree automaton becomes one that only chooses (Comon et al., "Tree Automata Techniques
// and Applications", chapter 7), with regular languages at its leaves.
//
// A shape becomes a sequence, an automaton over items or members, from which both the
// rule and the writer of canonical forms are made.
package schema
