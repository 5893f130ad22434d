package portable

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// small are the operators that need no row among the large operations, and why.
var small = map[string]string{
	"shape":           "gives a number for each dimension",
	"list_length":     "gives one number",
	"identity":        "shows its operand",
	"expand_dims":     "shows its operand",
	"squeeze":         "shows its operand",
	"flatten2d":       "shows its operand, or copies it as reshape does",
	"transpose":       "shows its operand: what reads it copies, as reshape does",
	"slice_by_index":  "shows its operand, or copies it as reverse does",
	"slice_by_size":   "shows its operand, or copies it as reverse does",
	"split":           "shows its operand",
	"sliding_windows": "shows its operand",
}

// meter counts how often a context is asked and the longest time between.
type meter struct {
	context.Context //nolint:containedctx // the other methods
	asked           int
	last            time.Time
	longest         time.Duration
}

func (m *meter) Err() error {
	now := time.Now()
	if m.asked > 0 {
		m.longest = max(m.longest, now.Sub(m.last))
	}
	m.asked, m.last = m.asked+1, now
	return nil
}

// ending ends when it is asked for the n-th time and counts how often it is asked
// after that.
type ending struct {
	context.Context //nolint:containedctx // the other methods
	left            int
}

func (e *ending) Err() error {
	if e.left--; e.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// Every operator that can be large looks at the context again and again while it
// runs, and gives up soon after it has ended.
func TestEveryLargeOperationEndsWithItsContext(t *testing.T) {
	rows := largeOperations()
	for name := range op.Table {
		if _, ok := small[name]; ok != (rows[name] == nil) {
			t.Errorf("operator %s needs either a large operation or a reason to be small", name)
		}
	}
	var slowest time.Duration
	where := ""
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		t.Run(name, func(t *testing.T) {
			l := &large{t: t, b: mil.NewBuilder("main", "CoreML8")}
			rows[name](l)
			fr := l.frame()
			m := &meter{Context: t.Context()}
			if err := fr.run(m); err != nil {
				t.Fatal(err)
			}
			const least = 24
			if m.asked < least {
				t.Errorf("the context is asked %d times, want %d at least", m.asked, least)
			}
			// The machine may do other things between two looks, though hardly so in each run.
			longest := m.longest
			for range 4 {
				if longest <= time.Second {
					break
				}
				again := &meter{Context: t.Context()}
				if err := fr.run(again); err != nil {
					t.Fatal(err)
				}
				longest = min(longest, again.longest)
			}
			if longest > slowest {
				slowest, where = longest, name
			}
			if longest > time.Second {
				t.Errorf("the context is not asked for %v", longest)
			}
			e := &ending{t.Context(), m.asked / 2}
			if err := fr.run(e); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a context that ends half-way: error is %v", err)
			}
			// Once for every chunk that the pool still has.
			if e.left < -max(8, m.asked/10) {
				t.Errorf("a context that has ended is asked %d times more", -e.left)
			}
			if fr.spoiled {
				t.Error("a context that ends spoils the frame")
			}
		})
	}
	t.Logf("the longest time between two looks at the context: %v, in %s", slowest, where)
}

// frame plans the operation and gives it its operands.
func (l *large) frame() *frame {
	l.t.Helper()
	fn, err := l.b.Function()
	if err != nil {
		l.t.Fatal(err)
	}
	p, err := plan.New(l.t.Context(), fn, engine.ArithmeticFaithful, l.fused)
	if err != nil {
		l.t.Fatal(err)
	}
	fr := newFrame(p, nil, 1)
	bindAll(fr, l.feeds)
	return fr
}
