package enginetest

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
)

// Traits say in what an engine may rightly differ from the portable one. The
// zero Traits allow nothing.
type Traits struct {
	// OneArithmetic is true for an engine whose devices decide how results round:
	// kinds of arithmetic and fusion mean nothing to it, so that each program is
	// run once.
	OneArithmetic bool
	// Slack multiplies the tolerance of numbers that are rounded; below 1 it
	// means 1. Values that are the same in every arithmetic stay exact.
	Slack float64
	// Skip gives, for checks that the engine cannot pass, the reason. The names
	// are those of the subtests, such as "contract/keeps state" or
	// "fixtures/llama-fp16".
	Skip map[string]string
}

// RunAs is [Run] for an engine with traits.
func RunAs(t *testing.T, e engine.Engine, traits Traits) {
	t.Helper()
	Run(t, With(e, traits))
}

// With returns e with traits, for the functions of this package. The wrapped
// engine has the methods of the seam alone; optional interfaces of engines are
// not passed on.
func With(e engine.Engine, traits Traits) engine.Engine { return withTraits{e, traits} }

// withTraits is an engine that carries its traits along.
type withTraits struct {
	engine.Engine
	traits Traits
}

// traitsOf returns the traits that an engine carries, or those that allow
// nothing.
func traitsOf(e engine.Engine) Traits {
	if w, ok := e.(withTraits); ok {
		return w.traits
	}
	return Traits{}
}

// tolerance widens a tolerance for rounded numbers.
func (t *Traits) tolerance(x float64) float64 { return x * max(1, t.Slack) }

// check runs a subtest, unless the traits leave it out. A check that is left
// out is counted as skipped, by name, and does not vanish.
func check(t *testing.T, e engine.Engine, group, name string, run func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		if reason, ok := traitsOf(e).Skip[group+"/"+name]; ok {
			t.Skipf("this engine: %s", strings.TrimSpace(reason))
		}
		run(t)
	})
}

// configs returns those ways to run a program that make a difference. For an
// engine with one arithmetic the rest would repeat the same run.
func configs(e engine.Engine, all ...engine.Config) []engine.Config {
	if traitsOf(e).OneArithmetic {
		return []engine.Config{{}}
	}
	return all
}
