package chat

import (
	"fmt"
	"strings"
	"testing"
)

// shapes are answers that make a parser begin again at each mark, or at each part: the
// piece is repeated between the other two.
var shapes = map[string][]struct{ name, before, piece, behind string }{
	"hermes": {
		{"marks", "", "<tool_call>", ""},
		{"marks before an end", "", "<tool_call>", "</tool_call>"},
		{"marks with an open object", "", "<tool_call>{", ""},
		{"marks with objects that end together", strings.Repeat("<tool_call>{", 3000), "}", ""},
		{"marks with strings that change sides", "", `<tool_call>{"`, ""},
		{"marks with escapes", "", `<tool_call>{"\"`, ""},
		{"marks in strings of nested objects", `<tool_call>`, `{"a":"<tool_call>{","b":`, ""},
		{"calls without an end", "", `<tool_call>{"name": "f"}`, ""},
		{"a list that does not end", "<tool_call>", "[", ""},
		{"an object that does not end", "<tool_call>", `{"name":`, ""},
		{"spaces behind a mark", "<tool_call>", " ", ""},
		{"line breaks behind an object", `<tool_call>{"name":"f"}`, "\n", "x"},
		{"functions whose parameters do not end", "", "<tool_call><function=f><parameter=a>", "</tool_call>"},
		{"functions whose parameters end at one place", "", "<tool_call><function=f><parameter=a>", "</parameter><parameter=</parameter></tool_call>"},
		{"functions before a parameter that does not end", "", "<tool_call><function=f><parameter=a>1</parameter>", "<parameter=</tool_call>"},
		{"marks before a function with no name", strings.Repeat("<tool_call>", 3000) + "<function=", " ", "></tool_call>"},
		{"the end alone", "", "</tool_call>", ""},
		{"functions", "", "<function=f>", ""},
		{"functions with a value that does not end", "", "<function=f><parameter=a></function>x", ""},
		{"functions with an object that does not end", "", "<function=f>{", ""},
		{"parameters in a value", "<function=f>", "<parameter=a>", ""},
		{"ends of functions in a value", "<function=f><parameter=a>", "</function> ", ""},
		{"parameters", "<function=f>", "<parameter=a>x</parameter>", ""},
		{"thinking within a text", "a", "<think>", ""},
		{"thinking and calls", "", `<think>a</think><tool_call>{"name":"f"}</tool_call>`, ""},
		{"objects in one tag", "<tool_call>", `{"name":"f"}`, ""},
		{"brackets behind a call", `<tool_call>{"name":"f"}`, "}", ""},
		{"spaces before a key", `<tool_call>{"name":"f"`, " ", ""},
		{"backslashes", `<tool_call>{"`, `\\`, ""},
	},
	"llama": {
		{"marks", "", "<|python_tag|>", ""},
		{"marks with an open object", "", "<|python_tag|>{", ""},
		{"open objects", "", "{", ""},
		{"nested objects", "", `{"name":`, ""},
		{"nested objects behind a mark", "<|python_tag|>", `{"name":`, ""},
		{"spaces", "", " ", ""},
		{"line breaks behind a call", `{"name":"f"}`, "\n", `;{"name":"g"}`},
		{"calls", "", `{"name":"f"}; `, ""},
		{"objects that are no calls", "", `{"a":1} `, ""},
		{"a string that does not end", `{"`, "a", ""},
		{"lists", "", "[", ""},
		{"calls of Python in a row", "[", "f(),", ""},
		{"arguments of Python", "[f(", "a=1,", ""},
		{"marks with calls of Python", "", "<|python_tag|>[f(a=", ""},
		{"strings of Python", "[f(a=", `'''x`, ""},
		{"tuples", "[f(a=", "(", ""},
	},
	"mistral": {
		{"marks", "", "[TOOL_CALLS]", ""},
		{"marks with an open list", "", "[TOOL_CALLS][", ""},
		{"nested lists", "[TOOL_CALLS]", "[", ""},
		{"a list of open objects", "[TOOL_CALLS]", `[{"name":`, ""},
		{"marks before one object that is none", "", "[TOOL_CALLS]a", "{x}"},
		{"marks before a name of two words", "", "[TOOL_CALLS]a", " b{}"},
		{"marks and words", "", "[TOOL_CALLS]a b", "{}"},
		{"marks before spaces", strings.Repeat("[TOOL_CALLS]a", 3000), " ", "b{}"},
		{"marks in strings of nested objects", "[TOOL_CALLS]", `{"a":"[TOOL_CALLS]x","b":`, ""},
		{"marks in strings of nested objects with a mistake inside", "[TOOL_CALLS]", `{"a":"[TOOL_CALLS]x","b":`, "{,}" + strings.Repeat("}", 3000)},
		{"a name that does not end", "[TOOL_CALLS]", "a", ""},
		{"the marks inside calls", "[TOOL_CALLS]", "[ARGS][CALL_ID]", ""},
		{"spaces behind a mark", "[TOOL_CALLS]", " ", ""},
	},
}

// looseShapes are shapes for prompts whose functions are known: each bracket may begin a
// call then.
var looseShapes = map[string][]struct{ name, before, piece, behind string }{
	"hermes": {
		{"objects that close together", "", `{"name":"note","arguments":`, ""},
		{"calls before text", "", `{"name":"note","arguments":{}}`, " x"},
		{"calls behind a call", `<tool_call>{"name":"note"}</tool_call>`, `{"name":"note","arguments":{}}`, ""},
		{"brackets", "", "{", ""},
		{"keys", "a", `{"name":`, ""},
	},
	"llama": {
		{"calls before text", "a", `{"name":"note","arguments":{}};`, "x"},
		{"objects in objects", "a", `{"name":{"arguments":`, ""},
		{"brackets", "a", "[", ""},
		{"calls of Python in a row", "a[", "note(),", ""},
		{"lists of calls of Python", "a", "[note()]", " x"},
		{"lists that do not end", "a", "[note(text=", ""},
		{"quotation marks", `a[note(text="`, `" `, ""},
		{"quotation marks and commas", `a[note(text="`, `",a`, ""},
		{"quotation marks and spaces", `a[note(text="`, `"     `, ""},
		{"texts without quotation marks", "a[note(text=", "a,", ""},
		{"names that do not end", "a[note(text=,", strings.Repeat("a", 200) + ",", ""},
		{"brackets in texts", "a[note(text=", "()", ""},
	},
	"pythonic": {
		{"texts without quotation marks", "[note(text=", "a, b", ""},
		{"values that are texts", `[weather(list="`, `'1', `, `")]`},
	},
	"json": {
		{"objects", "a", `{"name":"note","arguments":{"a":`, ""},
	},
}

// An answer is looked at a fixed number of times, not once for each mark or part, and
// what is read in vain is bounded.
func TestTheWorkGrowsWithTheAnswer(t *testing.T) {
	check := func(format, name, answer string, part int, options Options) {
		p := NewParser(format, options)
		for rest := answer; rest != ""; {
			n := min(part, len(rest))
			p.Write(rest[:n])
			rest = rest[n:]
		}
		p.run(true)
		checkWork(t, &p, fmt.Sprintf("%s: %s in parts of %d", format, name, part), len(answer))
	}
	// More than a call may hold back comes too, where marks are given up one after the
	// other.
	const more = 2*maxCall + 1<<15
	sizes := []struct{ size, part int }{{1 << 13, 1}, {1 << 16, 1 << 16}, {1 << 16, 2}, {more, more}, {more, more / 6}}
	if testing.Short() {
		sizes = sizes[:1]
	}
	for i, all := range []map[string][]struct{ name, before, piece, behind string }{shapes, looseShapes} {
		var options Options
		if i == 1 {
			options.Tools = NewTools(looseTools)
		}
		for format, list := range all {
			for _, c := range list {
				for _, size := range sizes {
					answer := c.before + strings.Repeat(c.piece, size.size/len(c.piece)) + c.behind
					check(format, c.name, answer, size.part, options)
				}
			}
		}
	}
}

// checkWork checks what a parser has looked at for an answer: each byte up to twenty times
// over, for it is read again when it has grown by a sixteenth, and twice what may be read in
// vain.
func checkWork(t *testing.T, p *Parser, name string, size int) {
	t.Helper()
	if most := 20*size + 2*maxWaste; p.looked > most {
		t.Errorf("%s: of %d bytes it looked at %d, want at most %d", name, size, p.looked, most)
	}
}

func TestWhiteSpaceIsHeldBackUpToABound(t *testing.T) {
	p := NewParser("llama", Options{})
	p.Write(`{"name":"f"}`)
	const more = 1000
	held := maxGap + more
	for range held {
		held -= len(p.Write("\n").All)
	}
	if held != maxGap {
		t.Errorf("it holds back %d bytes, want %d", held, maxGap)
	}
	if got := p.Write(`;{"name":"g"}`); got.All != "" || len(got.Calls) != 1 {
		t.Errorf("got %q and %d calls, want the second call", got.All, len(got.Calls))
	}
}
