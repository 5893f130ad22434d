package asmtest

import (
	"strings"
	"testing"
)

// Broken is a function that breaks one rule. Its lines are those of an assembly
// file, without the tabs.
type Broken struct {
	Name     string
	Function string // its name, of which the instruction sets are read; f if it is empty
	Frame    string // "$0-16" if it is empty, which is what the parameters take
	Lines    string // one instruction or label after another, with semicolons between them
	Want     string // what is said of it, or nothing where it keeps the rules
}

// brokenParams are the parameters of all of them.
const brokenParams = "(x *float32, n int)"

// Function reads it.
func (b Broken) read(tb testing.TB) *Function {
	tb.Helper()
	name, frame := "f", "$0-16"
	if b.Function != "" {
		name = b.Function
	}
	if b.Frame != "" {
		frame = b.Frame
	}
	var text strings.Builder
	text.WriteString("GLOBL ·eight<>(SB), RODATA|NOPTR, $32\n\nTEXT ·" + name + "(SB), NOSPLIT, " + frame + "\n")
	for line := range strings.SplitSeq(b.Lines, ";") {
		line = strings.TrimSpace(line)
		if !strings.HasSuffix(line, ":") {
			line = "\t" + line
		}
		text.WriteString(line + "\n")
	}
	result := ""
	if strings.Contains(b.Lines, "ret+") {
		result = " float32"
	}
	file, err := Read(text.String(), "package kernel\n\nfunc "+name+brokenParams+result+"\n")
	if err != nil {
		tb.Fatal(err)
	}
	return file.Functions[0]
}

// CheckBroken checks that the rules say of each function what is wrong with it, and
// nothing else.
func CheckBroken(t *testing.T, r Rules, list []Broken) {
	t.Helper()
	for _, b := range list {
		t.Run(b.Name, func(t *testing.T) {
			found := r.Check(b.read(t))
			if b.Want == "" && len(found) > 0 {
				t.Errorf("it keeps the rules, and is told %q", found)
			}
			if b.Want != "" && (len(found) != 1 || !strings.Contains(found[0], b.Want)) {
				t.Errorf("is told %q, want %q alone", found, b.Want)
			}
		})
	}
}

// CheckLost checks what a walk says of functions that leave their memory or never
// end; n is 8.
func CheckLost(t *testing.T, m Machine, list []Broken) {
	t.Helper()
	for _, b := range list {
		t.Run(b.Name, func(t *testing.T) {
			err := (&Walk{StackAt: 8}).Run(m, b.read(t), map[string]int{"n": 8})
			switch {
			case b.Want == "" && err != nil:
				t.Errorf("it keeps the rules, and is told %v", err)
			case b.Want != "" && (err == nil || !strings.Contains(err.Error(), b.Want)):
				t.Errorf("is told %v, want %q", err, b.Want)
			}
		})
	}
}
