package main

import (
	"context"
	"strings"
	"testing"
)

func TestAStoryThatIsNotInterruptedEndsWithItsSpeed(t *testing.T) {
	var out strings.Builder
	if err := stream(t.Context(), &out, 1); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "tokens per second)") || len(got) < 100 {
		t.Errorf("got %q", got)
	}
}

// canceller cancels at its n-th write.
type canceller struct {
	strings.Builder
	n      int
	cancel context.CancelFunc
}

func (c *canceller) Write(p []byte) (int, error) {
	if c.n--; c.n == 0 {
		c.cancel()
	}
	return c.Builder.Write(p)
}

// WriteString hides that of the builder, which io.WriteString would call.
func (c *canceller) WriteString(s string) (int, error) { return c.Write([]byte(s)) }

func TestCancellingEndsTheStoryWithinOneToken(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &canceller{n: 7, cancel: cancel}
	if err := stream(ctx, out, 1); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasSuffix(got, "\n(interrupted after 7 tokens)\n") {
		t.Errorf("got %q", got)
	}
}
