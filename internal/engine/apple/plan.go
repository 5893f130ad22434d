//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
)

// Bounds of what is read of a plan, against a framework's answer that never
// ends. Programs of language models have thousands of operations, and blocks in
// blocks only with control flow.
const (
	maxDepth   = 64 // of blocks in blocks
	maxPlanned = 1 << 20
)

// planPatience is how long PlanText waits for the framework. PlanText has no
// context of its caller.
const planPatience = 2 * time.Minute

// ComputePlan asks the framework on which device it means to run each
// operation, and what share of the whole each is. The answer is kept. It is an
// estimate made without running anything, from macOS 14.4 on. One caller asks
// at a time; the others wait for its answer.
func (p *program) ComputePlan(ctx context.Context) ([]engine.PlannedOperation, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !p.enter() {
		return nil, errClosedProgram
	}
	defer p.leave()
	select {
	case p.planning <- struct{}{}:
		defer func() { <-p.planning }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !p.planned {
		ops, err := p.loadPlan(ctx)
		if err != nil {
			return nil, err
		}
		p.plan, p.planned = ops, true
	}
	return slices.Clone(p.plan), nil
}

// loadPlan asks the framework for its plan and copies what is wanted of it: the
// objects of a plan are not kept. What arrives after the context has ended is
// given back. The plan is made from the compiled folder, which is why a program
// keeps its dir.
func (p *program) loadPlan(ctx context.Context) ([]engine.PlannedOperation, error) {
	load := objc.MLComputePlan.Load
	if err := need("compute plan", load, objc.MLComputePlan.ModelStructure); err != nil {
		return nil, err
	}
	done, err := objc.NewCompletion(load, func(plan, e, _ uintptr) (*objc.Object, error) {
		if plan == 0 {
			return nil, noResult(objc.ID(e), "a plan")
		}
		return objc.Retain(objc.ID(plan)), nil
	}, func(late *objc.Object) { late.Close() })
	if err != nil {
		return nil, failed("compute plan", err)
	}
	objc.WithPool(func() {
		objc.SendClass(load, uintptr(objc.FileURL(p.dir, true)), p.config.Word(), done.Word())
	})
	plan, err := done.Wait(ctx)
	if err != nil {
		return nil, waited(ctx, "compute plan", err)
	}
	defer plan.Close()
	w := planWalk{plan: plan.ID()}
	err = objc.WithPoolError(func() error {
		s := objc.Send(w.plan, objc.MLComputePlan.ModelStructure)
		if program := objc.Send(s, objc.MLModelStructure.Program); program != 0 {
			return w.program(program, p.desc.Function)
		}
		for _, l := range objc.Elements(objc.Send(objc.Send(s, objc.MLModelStructure.NeuralNetwork), objc.MLModelStructureNeuralNetwork.Layers)) {
			w.layer(l)
		}
		return nil
	})
	return w.ops, err
}

// planWalk collects the operations of a plan. Its methods must be called inside
// a pool. Everything that it meets is borrowed from the plan.
type planWalk struct {
	plan objc.ID
	ops  []engine.PlannedOperation
}

// program walks the function that was loaded. A model of one function may call it
// otherwise than its package does.
func (w *planWalk) program(program objc.ID, function string) error {
	functions := objc.Entries(objc.Send(program, objc.MLModelStructureProgram.Functions))
	f, ok := functions[function]
	if !ok && len(functions) == 1 {
		for _, f = range functions {
			ok = true
		}
	}
	if !ok {
		return fmt.Errorf("%w: the plan of function %s", ErrMissing, function)
	}
	return w.block(objc.Send(f, objc.MLModelStructureProgramFunction.Block), 0)
}

// block walks the operations in order, and those of nested blocks behind each.
func (w *planWalk) block(b objc.ID, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("blocks lie more than %d deep", maxDepth)
	}
	for _, op := range objc.Elements(objc.Send(b, objc.MLModelStructureProgramBlock.Operations)) {
		if len(w.ops) == maxPlanned {
			return fmt.Errorf("there are more than %d operations", maxPlanned)
		}
		w.operation(op)
		for _, inner := range objc.Elements(objc.Send(op, objc.MLModelStructureProgramOperation.Blocks)) {
			if err := w.block(inner, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// operation notes an operation of an ML Program. A cost that the framework does
// not know stays -1. An operation is known by the name of its first output, as
// in the package. Costs are shares of the whole, of which 1 is all.
func (w *planWalk) operation(op objc.ID) {
	o := engine.PlannedOperation{Operator: objc.GoString(objc.Send(op, objc.MLModelStructureProgramOperation.OperatorName)), Cost: -1}
	if first := objc.At(objc.Send(op, objc.MLModelStructureProgramOperation.Outputs), 0); first != 0 {
		o.Output = objc.GoString(objc.Send(first, objc.MLModelStructureProgramNamedValueType.Name))
	}
	w.usage(&o, objc.Send(w.plan, objc.MLComputePlan.OperationUsage, uintptr(op)))
	if cost := objc.Send(w.plan, objc.MLComputePlan.OperationCost, uintptr(op)); cost != 0 {
		if x := objc.SendFloat64(cost, objc.MLComputePlanCost.Weight); x >= 0 {
			o.Cost = x
		}
	}
	w.ops = append(w.ops, o)
}

// layer notes a layer of a neural network, for which there are no costs.
func (w *planWalk) layer(l objc.ID) {
	o := engine.PlannedOperation{
		Operator: objc.GoString(objc.Send(l, objc.MLModelStructureNeuralNetworkLayer.Type)),
		Output:   objc.GoString(objc.Send(l, objc.MLModelStructureNeuralNetworkLayer.Name)), Cost: -1,
	}
	w.usage(&o, objc.Send(w.plan, objc.MLComputePlan.LayerUsage, uintptr(l)))
	w.ops = append(w.ops, o)
}

// usage notes the devices. Constants have none: a message to nil gives nil.
func (w *planWalk) usage(o *engine.PlannedOperation, usage objc.ID) {
	o.Device = deviceName(objc.Send(usage, objc.MLComputePlanDeviceUsage.Preferred))
	for _, d := range objc.Elements(objc.Send(usage, objc.MLComputePlanDeviceUsage.Supported)) {
		o.Supported = append(o.Supported, deviceName(d))
	}
}

// PlanText describes, for people, where the operations run. It serves inspect
// --plan, and an error is text like everything else.
func (p *program) PlanText() string {
	ctx, cancel := context.WithTimeout(context.Background(), planPatience)
	defer cancel()
	var b strings.Builder
	fmt.Fprintf(&b, "Core ML, function %s, on %s\n", p.desc.Function, strings.Join(p.info.Devices, ", "))
	ops, err := p.ComputePlan(ctx)
	if err != nil {
		fmt.Fprintf(&b, "no plan is to be had: %v\n", err)
		return b.String()
	}
	hidden := 0
	for _, o := range ops {
		if o.Device == "" && o.Cost < 0 {
			hidden++ // constants and the like
			continue
		}
		cost := "      "
		if o.Cost >= 0 {
			cost = fmt.Sprintf("%5.1f%%", 100*o.Cost)
		}
		fmt.Fprintf(&b, "%-13s %s  %s %s\n", o.Device, cost, o.Operator, o.Output)
	}
	if hidden > 0 {
		fmt.Fprintf(&b, "and %d operations that no device is named for\n", hidden)
	}
	return b.String()
}
