package compress

import (
	"context"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/quantize/declare"
	"github.com/gocoreml/coreml/internal/storage"
)

// Report says what became of a package's weights.
type Report struct {
	// Weights are in the order of the program, each as often as functions use it.
	Weights []Weight
	// Before and After are the bytes of all weights that were considered; what several
	// functions share counts once.
	Before, After int64
}

// Weight is what became of one weight.
type Weight struct {
	// Function and Name say which weight it is.
	Function, Name string
	// Shape is that of the weight, however it is stored.
	Shape []int
	// Form is what was done, in the order of the steps; empty when nothing was.
	Form []string
	// Skipped says why a form that was chosen was not used.
	Skipped string
	// Shared marks a weight that another function, or another operation, has as well.
	Shared bool
	// Before and After are bytes.
	Before, After int64
	// Largest and RMS are the largest and the root mean square distance between the
	// weight before and after.
	Largest, RMS float64
}

// Compress reads the package in and writes one with smaller weights at out, where
// nothing may lie yet. It may be called by several goroutines. Files beside the
// package are not copied.
//
// The error is an fs.ErrExist when something lies at out, ErrConfig, ErrConflict or
// ErrOperatorSet when the steps are at fault, ErrModel when in is no package of an ML
// Program, ErrDiskFull when there is no room, and that of ctx when it ends. Nothing is
// left at out, or beside it, after an error.
func Compress(ctx context.Context, in, out string, cfg *Config) (_ *Report, err error) {
	if cfg == nil {
		cfg = &Config{}
	}
	steps, err := cfg.read()
	if err != nil {
		return nil, err
	}
	pkg, err := modelpkg.OpenPath(in)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pkg.Close()) }()
	program, err := programOf(ctx, pkg)
	if err != nil {
		return nil, err
	}
	r := &run{ctx: ctx, cfg: cfg, steps: steps, memo: map[string]*kept{}, report: &Report{}}
	if err := room(out, pkg, program, steps); err != nil {
		return nil, err
	}
	if r.w, err = modelpkg.Create(out); err != nil {
		return nil, err
	}
	if err := r.program(program); err != nil {
		return nil, errors.Join(err, r.w.Discard())
	}
	if err := ctx.Err(); err != nil {
		return nil, errors.Join(err, r.w.Discard())
	}
	if err := mil.WriteTo(r.w, program, pkg.Model().Description); err != nil {
		return nil, err
	}
	return r.report, nil
}

// programOf reads the program of a package that can be written again.
func programOf(ctx context.Context, pkg *modelpkg.Package) (*mil.Program, error) {
	if pkg.Compiled() {
		return nil, fmt.Errorf("%w: a compiled model (.mlmodelc) cannot be changed; give the package that it was compiled from", ErrModel)
	}
	if m := pkg.Model(); m.Type != milpb.TypeMLProgram || len(pkg.Stages()) > 0 {
		return nil, fmt.Errorf("%w: its model is of another kind", ErrModel)
	}
	return mil.Read(ctx, pkg)
}

// room refuses to begin what the disk has no room for, where the system tells. A
// compressed package is not larger than the one before, except where weights become
// numbers again.
func room(out string, pkg *modelpkg.Package, p *mil.Program, steps []step) error {
	files, err := pkg.Weights()
	if err != nil {
		return err
	}
	var need uint64
	for _, f := range files {
		need += uint64(f.Size)
	}
	for _, s := range steps {
		if s.decompress {
			need = max(need, denseBytes(p))
		}
	}
	return storage.Room(out, need)
}

// denseBytes is how much all weights take as numbers.
func denseBytes(p *mil.Program) (total uint64) {
	seen := map[string]bool{}
	for _, f := range p.Functions {
		each(f.Body, func(op *mil.Op) {
			for _, v := range op.Outputs {
				if v.Const == nil && !declare.IsConstexpr(op) {
					continue
				}
				key := sourceKey(v)
				if n, ok := dtype.Count(v.Type.Shape); ok && !seen[key] {
					seen[key] = true
					total += uint64(n) * uint64(max(v.Type.DType.Bits(), 8)) / 8
				}
			}
		})
	}
	return total
}

// each calls f for all operations of a block and the blocks inside.
func each(b *mil.Block, f func(*mil.Op)) {
	for _, op := range b.Ops {
		f(op)
		for _, inner := range op.Blocks {
			each(inner, f)
		}
	}
}
