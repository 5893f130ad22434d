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

// A stream's budget is one for all its calls, under the context of each.
func TestAStreamGoesOnWithWhatIsLeft(t *testing.T) {
	var may Budget
	may.Begin(nil, 0)
	may.Patience = 0
	for range 3 {
		may.Resume(nil)
	}
	if want := 3 * patienceOfCall; may.Patience != want {
		t.Errorf("three calls may take %v in patterns, want %v", may.Patience, want)
	}
	may.Spend(int(labor(0)) + LookAfter)
	if may.Resume(nil); may.Spend(2*laborOfCall) || !errors.Is(may.Err, ErrTooLarge) {
		t.Errorf("it goes on after its end, with the error %v", may.Err)
	}
}

func TestAStreamSavesNothingUp(t *testing.T) {
	var may Budget
	may.BeginStream()
	for range 1000 {
		may.Resume(nil)
		if may.Credit(1 << 10); !may.Decodes(1<<10, 1<<10) {
			t.Fatal(may.Err)
		}
	}
	may.Resume(nil)
	if may.Patience > patience(0) || may.work > labor(0) {
		t.Errorf("after many calls it has %v and %d steps, want no more than %v and %d", may.Patience, may.work, patience(0), labor(0))
	}
}

func TestAStreamObeysTheContextOfEachCall(t *testing.T) {
	ended := make(chan struct{})
	close(ended)
	var may Budget
	may.Begin(nil, 0)
	if !may.Spend(2 * LookAfter) {
		t.Fatal(may.Err)
	}
	may.Resume(ended)
	if may.Spend(2*LookAfter) || !errors.Is(may.Err, ErrStopped) {
		t.Errorf("got %v, want %v", may.Err, ErrStopped)
	}
}

// Tokens bring the steps that decoding them takes, however many there are.
func TestTokensBringTheirOwnSteps(t *testing.T) {
	var may Budget
	may.Begin(nil, 0)
	for range 1 << 21 {
		if !may.Decodes(4, 4) || !may.Spend(16) {
			t.Fatal(may.Err)
		}
	}
}

// A stream decodes what it holds back again at each call. That is paid for by what
// the tokens brought when they arrived.
func TestTokensOfAStreamBringTheirStepsOnce(t *testing.T) {
	var may Budget
	may.BeginStream()
	may.Credit(1 << 10)
	most := int(labor(0)) + laborOfByte*(1+1<<10)
	for steps := 0; may.Decodes(1<<10, 1<<10); steps += 1 + 1<<7 {
		if steps > most {
			t.Fatalf("it goes on after %d steps, with %d", steps, most)
		}
	}
	if !errors.Is(may.Err, ErrTooLarge) || may.Patience > patience(1<<10) {
		t.Errorf("it ended with %v and %v for patterns", may.Err, may.Patience)
	}
}

func TestABoundFollowsTheSizeThatIsSet(t *testing.T) {
	var may Budget
	may.Begin(nil, 0)
	for _, n := range []int{0, 1 << 10, MaxText} {
		if may.Bound(n); !may.Fits(growth(n)) {
			t.Errorf("%d bytes may not become %d", n, growth(n))
		}
	}
	may.Bound(0)
	if may.Fits(growth(0) + 1) {
		t.Error("a smaller bound is not obeyed")
	}
}

func TestMemoryOfLongTextsIsNotKept(t *testing.T) {
	if got := Kept(make([]int, 5, MaxKept)); got == nil || len(got) != 0 || cap(got) != MaxKept {
		t.Errorf("a list of usual size comes back with %d of %d", len(got), cap(got))
	}
	if got := Kept(make([]int, 0, MaxKept+1)); got != nil {
		t.Errorf("a long list is kept, of %d", cap(got))
	}
	list := make([]int, 3, 10)
	if got := Sized(list, 10); len(got) != 0 || cap(got) != 10 || &got[:1][0] != &list[0] {
		t.Error("a list with room is not used again")
	}
	if got := Sized(list, 11); len(got) != 0 || cap(got) < 11 || &got[:1][0] == &list[0] {
		t.Error("a list without room is used")
	}
}
