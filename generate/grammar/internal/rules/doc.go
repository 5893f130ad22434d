// Package rules is the algebra that every form of grammar is compiled to:
// expressions over the bytes of UTF-8 text, and programs that read a text byte by
// byte and know at each of them what may follow.
//
// A [Builder] makes expressions. Equal ones are the same value, so that a large
// grammar with repeated parts stays small. Regular expressions have all operations,
// intersection and complement included; an expression with a reference to a rule is
// context-free and has those of a context-free grammar.
//
//	b := rules.NewBuilder(rules.Limits{})
//	b.Define("list", b.Concat(b.Bytes("["), b.Repeat(b.Rule("list"), 0, -1), b.Bytes("]")))
//	p, err := b.Build(b.Rule("list"))
//	s := p.Start()
//	for i := range len(text) {
//		s = s.Step(text[i])
//	}
//	fmt.Println(s.CanEnd())
//
// # How a program runs
//
// A [State] is a set of alternatives. Each is a small regular expression, which reads
// the next bytes, on a stack of the expressions that follow it. The small ones are read
// by derivatives (Brzozowski 1964): what is left of an expression after a byte is an
// expression again. States, stacks and derivatives are interned and kept, in a bounded
// cache, so that a text that resembles earlier ones is read along a table.
//
// No state is a corner: from each that is not dead some text leads to an end.
// Alternatives that cannot end, as an intersection that is empty, are taken out before
// they are entered.
package rules
