package grammar_test

import (
	"fmt"

	"github.com/gocoreml/coreml/generate/grammar"
)

func ExampleRegex() {
	g, err := grammar.Regex(`(yes|no)(, because [a-z ]+)?`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(g.Match("no, because it rains"), g.Match("perhaps"))
	_, err = grammar.Regex(`\byes`)
	fmt.Println(err)
	// Output:
	// true false
	// regex: \b (a word boundary) is not supported; say which characters stand there
}

func ExampleGBNF() {
	g, err := grammar.GBNF(`
root ::= "[" item ("," item)* "]"  # a list in a list, and so on
item ::= root | [0-9]{1,3}
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(g.Match("[1,[20,3],[[4]]]"), g.Match("[1,2"))
	_, err = grammar.GBNF("root ::= root \"a\"")
	fmt.Println(err)
	// Output:
	// true false
	// grammar: rule "root" begins with itself (left recursion); write it as a repetition
}
