//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"runtime"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
)

var (
	_ engine.Examiner       = Engine{}
	_ engine.PlannedProgram = (*program)(nil)
	_ engine.RowProgram     = (*program)(nil)
	_ engine.State          = (*state)(nil)
)

// Examine looks at what the running system has of all that this engine uses:
// coreml doctor shows it. No object of Core ML is made, so it works on systems
// too old to load a model.
func (Engine) Examine(ctx context.Context) (*engine.Examination, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := objc.Load(); err != nil {
		return nil, err
	}
	e := &engine.Examination{
		System: system(), States: needStates() == nil,
		Checked: len(objc.Methods()) + len(objc.Functions()) + len(objc.Symbols()),
	}
	for _, d := range devices() {
		e.Devices = append(e.Devices, d.String())
	}
	// A method with another signature than this module was written for is the
	// dangerous case: calling it would corrupt memory. Newer are those that the
	// version explains, Missing those that it does not.
	for _, g := range objc.Missing() {
		switch {
		case g.Problem == objc.EncodingDiffers:
			e.Different = append(e.Different, g.String())
		case g.Expected:
			e.Newer = append(e.Newer, g.String())
		default:
			e.Missing = append(e.Missing, g.String())
		}
	}
	c, err := openCache("", objc.OSBuild())
	if err != nil {
		return nil, err
	}
	e.CacheDir = c.root
	return e, ctx.Err()
}

// system names the operating system. Only a Mac has a version here: elsewhere
// the tests' stand-in answers.
func system() string {
	v := objc.OSVersion()
	if v.IsZero() {
		return runtime.GOOS + "/" + runtime.GOARCH + ", a stand-in for Core ML"
	}
	return "macOS " + v.String() + " (" + objc.OSBuild() + "), " + runtime.GOARCH
}
