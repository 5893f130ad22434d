package jinja_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/jinja"
)

// obeyed is how soon after the end of its context a rendering has to return. An
// idle machine takes a few milliseconds; a busy one may not even run the test
// for much longer than that.
const obeyed = 30 * time.Second

// TestAContextThatEndsIsObeyedWhateverTheOperation ends the context at several
// points of each attack, the first of them within its first evaluation.
func TestAContextThatEndsIsObeyedWhateverTheOperation(t *testing.T) {
	vars := attackVars()
	var late []time.Duration
	all := slices.Concat(seen, attacks)
	for i := range sample(len(all)) {
		expr := all[i]
		t.Run(expr, func(t *testing.T) {
			for _, after := range []time.Duration{time.Millisecond, time.Duration(quarter(20)) * time.Millisecond} {
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan time.Time, 1)
				time.AfterFunc(after, func() {
					ended <- time.Now()
					cancel()
				})
				err := renderIn(ctx, t, endless(expr), vars)
				took := time.Since(<-ended)
				cancel()
				late = append(late, took)
				// What runs into a limit first is as good.
				var e *jinja.Error
				if !errors.Is(err, context.Canceled) && !(errors.As(err, &e) && e.Kind == jinja.LimitError) {
					t.Fatalf("got %v, want that the context was canceled", err)
				}
				if took > obeyed {
					t.Errorf("returned %v after the end of its context", took)
				}
			}
		})
	}
	slices.Sort(late)
	if n := len(late); n > 0 {
		t.Logf("%d renderings: median %v, 99 of 100 within %v, all within %v", n, late[n/2], late[n*99/100], late[n-1])
	}
}

func TestAContextThatHasEndedRendersAndParsesNothing(t *testing.T) {
	tpl, err := jinja.Parse(t.Context(), "{{ 1 }}")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tpl.Render(ctx, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Render: got %v", err)
	}
	for _, text := range []string{"{{ 1 }}", "text"} {
		if _, err := jinja.Parse(ctx, text); !errors.Is(err, context.Canceled) {
			t.Errorf("Parse(%q): got %v", text, err)
		}
	}
	if _, err := jinja.FromJSON(ctx, []byte("[1]")); !errors.Is(err, context.Canceled) {
		t.Errorf("FromJSON: got %v", err)
	}
	if _, err := jinja.FromGo(ctx, []any{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("FromGo: got %v", err)
	}
}

func TestADeadlineIsTheErrorOfTheRendering(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := renderIn(ctx, t, endless("1"), nil)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestOperationsThatMakeAnAnswerOfAnErrorCannotHideTheEnd covers operators that
// report what they could not go over in their own words.
func TestOperationsThatMakeAnAnswerOfAnErrorCannotHideTheEnd(t *testing.T) {
	for _, expr := range []string{"'x' in text|list|map('upper')", "text|list|reverse", "'y' in (text|map('int'))"} {
		tpl, err := jinja.Parse(t.Context(), "{{ "+expr+" }}")
		if err != nil {
			t.Fatal(err)
		}
		vars := jinja.NewDict()
		vars.Set("text", strings.Repeat("a", 1<<16))
		_, err = tpl.Render(t.Context(), vars, &jinja.Options{MaxSteps: 1 << 12})
		var e *jinja.Error
		if !errors.As(err, &e) || e.Kind != jinja.LimitError {
			t.Errorf("%s: got %v, want the limit", expr, err)
		}
	}
}

// hostileSources are texts that take long to read as a template, or much
// memory: as long as one may be.
var hostileSources = map[string]string{
	"a sum":               "{{ 1" + strings.Repeat("+a", 520_000) + " }}",
	"keyword arguments":   "{{ f(" + keywords(100_000) + ") }}",
	"a dotted filter":     "{{ a|b" + strings.Repeat(".b", 500_000) + " }}",
	"a dotted test":       "{{ a is b" + strings.Repeat(".b", 500_000) + " }}",
	"unknown filters":     "{{ a" + strings.Repeat("|b", 500_000) + " }}",
	"a long name":         "{{ " + strings.Repeat("a", 1_000_000) + " }}",
	"a long attribute":    "{{ a." + strings.Repeat("a", 1_000_000) + " }}",
	"decimal digits":      "{{ " + strings.Repeat("9", 1_000_000) + " }}",
	"hexadecimal digits":  "{{ 0x" + strings.Repeat("9", 1_000_000) + " }}",
	"digits of a float":   "{{ 1." + strings.Repeat("9", 1_000_000) + " }}",
	"digits of an index":  "{{ a." + strings.Repeat("9", 1_000_000) + " }}",
	"escapes":             "{{ '" + strings.Repeat(`\x41`, 250_000) + "' }}",
	"an open string":      "{{ '" + strings.Repeat(`\'`, 500_000) + " }}",
	"adjacent strings":    "{{ " + strings.Repeat("''", 500_000) + " }}",
	"tags in a raw block": "{% raw %}" + strings.Repeat("{% ", 300_000),
	"spaces in tags":      "{%" + strings.Repeat(" ", 1_000_000),
	"lines before tags":   strings.Repeat(strings.Repeat(" ", 100)+"{% set a = 1 %}\n", 9_000),
	"comments":            strings.Repeat("{##}", 260_000),
	"an open comment":     "{#" + strings.Repeat("#", 1_000_000),
	"braces":              strings.Repeat("{", 1_000_000),
	"targets":             "{% set " + strings.Repeat("a,", 500_000) + " = 1 %}",
	"a list":              "{{ [" + strings.Repeat("1,", 500_000) + "] }}",
	"a mapping":           "{{ {" + strings.Repeat("1:1,", 250_000) + "} }}",
	"elifs":               "{% if a %}" + strings.Repeat("{% elif a %}", 87_000) + "{% endif %}",
	"parameters":          "{% macro m(" + strings.Repeat("a,", 500_000) + "a) %}{% endmacro %}",
	"comparisons":         "{{ 1" + strings.Repeat("<1", 500_000) + " }}",
	"line breaks":         strings.Repeat("\r\n", 520_000),
}

// keywords returns n different keyword arguments.
func keywords(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("a")
		for x := i; x > 0; x /= 26 {
			b.WriteByte(byte('a' + x%26))
		}
		b.WriteString("=1,")
	}
	return b.String()
}

func TestNoSourceTakesLongToRead(t *testing.T) {
	for name, text := range hostileSources {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			err := renderIn(t.Context(), t, text, nil)
			t.Logf("%v: %.100v", time.Since(start), err)

			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan time.Time, 1)
			time.AfterFunc(2*time.Millisecond, func() {
				ended <- time.Now()
				cancel()
			})
			_, _ = jinja.Parse(ctx, text)
			took := time.Since(<-ended)
			t.Logf("%v after the end of its context", took)
			if took > obeyed {
				t.Errorf("returned %v after the end of its context", took)
			}
		})
	}
}
