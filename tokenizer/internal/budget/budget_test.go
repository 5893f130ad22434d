package budget

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestABudgetEndsWithItsSteps(t *testing.T) {
	var may Budget
	may.Begin(nil, 10)
	steps := 0
	for may.Spend(1 << 10) {
		steps += 1 << 10
	}
	if !errors.Is(may.Err, ErrTooLarge) || steps > int(labor(10)) || steps < int(labor(10))-LookAfter {
		t.Errorf("it ended after %d of %d steps with %v", steps, labor(10), may.Err)
	}
	if may.Spend(0) || may.Spend(1) {
		t.Error("it goes on after its end")
	}
}

func TestABudgetEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var may Budget
	may.Begin(ctx.Done(), 1<<20)
	if !may.Spend(LookAfter) {
		t.Fatal("it ended before its context")
	}
	cancel()
	steps := 0
	for may.Spend(1) {
		steps++
	}
	if steps > LookAfter {
		t.Errorf("it saw the end of its context %d steps later", steps)
	}
	if err := may.Failure(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of the context", err)
	}
}

func TestTheFirstReasonStays(t *testing.T) {
	var may Budget
	may.Begin(nil, 10)
	first := errors.New("first")
	may.Fail(first)
	if may.Fits(1<<30) || may.Take(1<<30) || may.Tells(1) {
		t.Error("it goes on after its end")
	}
	if !errors.Is(may.Err, first) {
		t.Errorf("got %v", may.Err)
	}
}

func TestTextsAreBoundedByTheSizeOfTheInput(t *testing.T) {
	for name, ask := range map[string]func(may *Budget) bool{
		"a text on its way":                      func(may *Budget) bool { return may.Fits(growth(100) + 1) },
		"what reaches the model":                 func(may *Budget) bool { return may.Take(growth(100)) && may.Take(1) },
		"tokens that are told":                   func(may *Budget) bool { return may.Tells(may.Most + 1) },
		"a piece that is cut as a whole":         func(may *Budget) bool { return may.Cuts(MaxText/4 + 1) },
		"the text that a list of ids stands for": func(may *Budget) bool { return may.Decodes(1, MaxText+1) },
	} {
		var may Budget
		may.Begin(nil, 100)
		if ask(&may) || !errors.Is(may.Err, ErrTooLarge) {
			t.Errorf("%s: got %v, want %v", name, may.Err, ErrTooLarge)
		}
	}
}

// A text is rewritten in parts, none of which ends inside a character.
func TestPartsOfATextEndBetweenCharacters(t *testing.T) {
	text := strings.Repeat("é中🙂a", 3*LookAfter)
	var may Budget
	may.Begin(nil, len(text))
	calls := 0
	got := may.Chunks(text, func(part string) string {
		calls++
		if part != strings.ToValidUTF8(part, "?") {
			t.Errorf("a part ends inside a character: %q", part[len(part)-4:])
		}
		return strings.ToUpper(part)
	})
	if got != strings.ToUpper(text) || calls < 2 {
		t.Errorf("%d parts became %.20q", calls, got)
	}
}

func TestBytesThatAreNoTextBecomeReplacements(t *testing.T) {
	var may Budget
	may.Begin(nil, 10)
	if got := may.Valid("a\xff\xc3b"); got != "a\uFFFD\uFFFDb" {
		t.Errorf("got %q", got)
	}
}
