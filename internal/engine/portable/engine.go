package portable

import (
	"context"
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/adapter/graft"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/internal/workpool"
)

// Name is the engine's name in the registry.
const Name = "portable"

// Whoever imports the package has the engine.
func init() { engine.Register(Engine{}) }

// Engine is the portable engine. It has no settings and keeps nothing between
// loads.
type Engine struct{}

// Name returns "portable".
func (Engine) Name() string { return Name }

// Load reads a package, checks every operation of it and plans one function.
// The context ends it at any point: a package of a file server may take
// minutes. Weights are mapped and stay so until the program is closed; nothing
// is unpacked.
func (Engine) Load(ctx context.Context, src engine.Source, cfg engine.Config) (engine.Program, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	pkg, err := openUnless(ctx, src)
	if err != nil {
		return nil, err
	}
	p, err := load(ctx, pkg, cfg)
	if err != nil {
		_ = pkg.Close() // the package was only read
		return nil, err
	}
	return p, nil
}

// LoadFunction loads another function of the package. Weights that are mapped already
// are not mapped again.
func (p *program) LoadFunction(ctx context.Context, cfg engine.Config) (engine.Program, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	pkg, err := p.pkg.Reopen()
	if err != nil {
		return nil, err
	}
	other, err := load(ctx, pkg, cfg)
	if err != nil {
		_ = pkg.Close() // the package was only read
		return nil, err
	}
	return other, nil
}

// opened is what became of opening a package in a goroutine of its own.
type opened struct {
	pkg      *modelpkg.Package
	err      error
	panicked any
}

// openUnless opens a package, or gives up when ctx ends: a file system may take
// as long as it likes, and a model file of some size takes a while to decode.
// What is opened after that is closed again. A context that cannot end saves
// the goroutine.
func openUnless(ctx context.Context, src engine.Source) (*modelpkg.Package, error) {
	if ctx.Done() == nil {
		return open(src)
	}
	done := make(chan opened, 1) // with room, so that nobody need be waiting
	go func() {
		var o opened
		defer func() {
			o.panicked = recover()
			done <- o
		}()
		o.pkg, o.err = open(src)
	}()
	select {
	case o := <-done:
		if o.panicked != nil {
			panic(o.panicked) // the file system's, as if it had been called from here
		}
		return o.pkg, o.err
	case <-ctx.Done():
		go func() {
			if o := <-done; o.pkg != nil {
				_ = o.pkg.Close() // the package was only read
			}
		}()
		return nil, ctx.Err()
	}
}

// open opens a package from a path, whose files are mapped, or from a file system, whose
// files are read.
func open(src engine.Source) (*modelpkg.Package, error) {
	if src.FS == nil {
		return modelpkg.OpenPath(src.Path)
	}
	return modelpkg.Open(src.FS, src.Dir)
}

// load plans one function of an open package. Every operation of every function
// is looked at first, so that an error names all that is missing at once. Cheap
// checks come first, so that a package which cannot run is refused soon.
func load(ctx context.Context, pkg *modelpkg.Package, cfg engine.Config) (_ *program, err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err)
	iface, err := pkg.FunctionInterface(cfg.Function)
	if err != nil {
		return nil, err
	}
	fn, err := function(ctx, pkg, iface.Name)
	if err != nil {
		return nil, err
	}
	if err := adapt(ctx, pkg, iface, fn, cfg.Adapters); err != nil {
		return nil, err
	}
	arith := cfg.Arithmetic
	if arith == engine.ArithmeticDefault {
		arith = engine.ArithmeticFaithful
	}
	pl, err := plan.New(ctx, fn, arith, !cfg.NoFusion)
	if err != nil {
		return nil, err
	}
	p := &program{pkg: pkg, plan: pl, pool: workpool.Default(), threads: cfg.Threads}
	if p.desc, err = Describe(pkg, iface); err != nil {
		return nil, err
	}
	if err := p.bind(); err != nil {
		return nil, err
	}
	if err := p.tryShapes(ctx); err != nil {
		return nil, err
	}
	p.info = info(cfg, arith, p.pool)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return p, pkg.Err() // what was planned is what the files hold
}

// adapt adds the products of adapters to a function, which nobody else has.
func adapt(ctx context.Context, pkg *modelpkg.Package, iface *milpb.FunctionDescription, fn *mil.Function, adapters []engine.Adapter) error {
	if len(adapters) == 0 {
		return nil
	}
	desc, err := Describe(pkg, iface)
	if err != nil {
		return err
	}
	c := &graft.Config{Tensors: graft.TensorsOf(desc.UserDefined)}
	for _, a := range adapters {
		c.Uses = append(c.Uses, graft.Use{Adapter: a.Weights, Scale: a.Scale})
	}
	return graft.Apply(ctx, fn, c)
}

// function reads the program of a package and returns the function of that
// name. The package is the loader's alone, and its messages are not needed
// again: planning takes as much memory as they do. Operators of all functions
// are checked, whichever is asked for: a package is either run or not.
func function(ctx context.Context, pkg *modelpkg.Package, name string) (*mil.Function, error) {
	prog, err := mil.Read(ctx, pkg)
	if err != nil {
		return nil, err
	}
	pkg.ForgetProgram()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if ops := Unsupported(prog); len(ops) > 0 {
		return nil, &UnsupportedError{Ops: ops}
	}
	fn := prog.Function(name)
	if fn == nil {
		return nil, fmt.Errorf("function %s is described but the program does not have it", mil.Plain(name))
	}
	return fn, nil
}

// info says what was asked for and what is had. Compute units other than the
// CPU are no error: a program that was written for macOS asks for them, and
// runs here. Threads is what predictions use, not what was asked for.
func info(cfg engine.Config, arith engine.Arithmetic, pool *workpool.Pool) engine.Info {
	i := engine.Info{
		Engine: Name, Devices: []string{"CPU"}, Arithmetic: arith,
		Threads: pool.Threads(), Instructions: kernel.CPU().Variant,
	}
	if cfg.Threads > 0 {
		i.Threads = min(cfg.Threads, i.Threads)
	}
	if cfg.Threads > i.Threads {
		i.Notes = append(i.Notes, fmt.Sprintf("%d threads were asked for, the machine gives %d", cfg.Threads, i.Threads))
	}
	switch cfg.ComputeUnits {
	case engine.UnitsCPUAndGPU:
		i.Notes = append(i.Notes, "the portable engine has no GPU: it runs on the CPU")
	case engine.UnitsCPUAndNeuralEngine:
		i.Notes = append(i.Notes, "the portable engine has no Neural Engine: it runs on the CPU")
	case engine.UnitsAll:
		i.Notes = append(i.Notes, "of all compute units the portable engine has the CPU alone")
	}
	if w := kernel.CPU().Problem; w != "" {
		i.Notes = append(i.Notes, w)
	}
	return i
}

// UnsupportedOp is an operation that the engine does not run. Name is that of
// the operation, for finding it in a listing.
type UnsupportedOp struct{ Function, Opset, Op, Name string }

// Unsupported lists the operations of a program that the engine does not run.
func Unsupported(p *mil.Program) []UnsupportedOp {
	var list []UnsupportedOp
	for _, f := range p.Functions {
		list = unsupportedIn(list, f, f.Body)
	}
	return list
}

// unsupportedIn adds those of a block and of what it nests.
func unsupportedIn(list []UnsupportedOp, f *mil.Function, b *mil.Block) []UnsupportedOp {
	for _, o := range b.Ops {
		if !op.Known(o.Type) {
			list = append(list, UnsupportedOp{f.Name, f.Opset, o.Type, o.Name})
		}
		for _, inner := range o.Blocks {
			list = unsupportedIn(list, f, inner)
		}
	}
	return list
}

// maxUnsupported bounds the operators that an UnsupportedError names. Core ML has some
// 200; a hostile program may have as many as bytes.
const maxUnsupported = 100

// UnsupportedError lists every operation of a package that the engine does not
// run.
type UnsupportedError struct{ Ops []UnsupportedOp }

// Error names each operator once, with the first value that needs it.
func (e *UnsupportedError) Error() string {
	_, ops := e.UnsupportedOps()
	return "operators that the portable engine does not run: " + strings.Join(ops, ", ")
}

// UnsupportedOps returns each operator once, with opset and the first operation
// that needs it. The public package builds its own error of them.
func (e *UnsupportedError) UnsupportedOps() (function string, ops []string) {
	seen := map[string]bool{}
	for _, o := range e.Ops {
		if seen[o.Op] {
			continue
		}
		if len(seen) == maxUnsupported {
			ops = append(ops, "and more")
			break
		}
		seen[o.Op] = true
		ops = append(ops, fmt.Sprintf("%s (%s, %s in function %s)", mil.Plain(o.Op), mil.Plain(o.Opset), mil.Quote(o.Name), mil.Plain(o.Function)))
	}
	return e.Ops[0].Function, ops
}
