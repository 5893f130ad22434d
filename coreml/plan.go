package coreml

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/gocoreml/coreml/internal/engine"
)

// PlannedOperation is one operation of a function with the device on which Core
// ML means to run it; MLComputePlan of Core ML.
type PlannedOperation struct {
	// Operator is what the operation does, such as ios18.linear, and Output the
	// name of its first result.
	Operator, Output string
	// Device is the preferred one: CPU, GPU or Neural Engine. It is empty for an
	// operation that is not executed at all, such as a constant.
	Device string
	// Supported are all the devices that could execute it.
	Supported []string
	// Cost is the estimated share of the function's whole cost, from 0 to 1. It is
	// negative when Core ML does not say.
	Cost float64
}

// ComputePlan returns the operations of the loaded function in the order of the
// program, each with the device chosen for it. Only the framework has such a
// plan: with another engine the error wraps errors.ErrUnsupported, and
// [Model.PlanText] describes what was made of the function. A nil ctx is
// context.Background.
func (m *Model) ComputePlan(ctx context.Context) ([]PlannedOperation, error) {
	ops, err := m.program().computePlan(orBackground(ctx))
	runtime.KeepAlive(m)
	if err != nil {
		return nil, fail("compute plan", err)
	}
	out := make([]PlannedOperation, len(ops))
	for i, op := range ops {
		out[i] = PlannedOperation(op)
		out[i].Supported = slices.Clone(op.Supported)
	}
	return out, nil
}

func (p *program) computePlan(ctx context.Context) ([]engine.PlannedOperation, error) {
	if !p.gate.enter() {
		return nil, fmt.Errorf("model is %w", ErrClosed)
	}
	defer p.gate.leave()
	planned, ok := p.prog.(engine.PlannedProgram)
	if !ok {
		return nil, fmt.Errorf("engine %s: %w", p.engine, errors.ErrUnsupported)
	}
	ops, err := planned.ComputePlan(ctx)
	if err != nil {
		return nil, engineError(err)
	}
	return ops, nil
}
