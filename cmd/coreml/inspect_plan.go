package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
)

// showPlan prints what the engine makes of the function that cfg names.
//
// The framework gives a plan in parts, the portable engine a text of its own, in
// which steps stand for several operations each.
func showPlan(ctx context.Context, out io.Writer, path string, cfg *coreml.Config) (err error) {
	m, err := coreml.Load(ctx, path, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	ops, err := m.ComputePlan(ctx)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		_, err = fmt.Fprintln(out, strings.TrimRight(m.PlanText(), "\n"))
		return err
	case err != nil:
		return err
	}
	return writePlan(out, m, ops)
}

// deviceShare is what one device is to execute.
//
// Costs are Core ML's own estimates, in parts of the whole; it has none for some
// operations.
type deviceShare struct {
	device string
	ops    int
	cost   float64
	known  bool // the costs of all of its operations are
}

// writePlan writes a line for each operation and a sum for each device.
func writePlan(out io.Writer, m *coreml.Model, ops []coreml.PlannedOperation) error {
	var b strings.Builder
	info := m.Info()
	fmt.Fprintf(&b, "function %s, engine %s, devices %s\n\n", plain(m.Description().Function), plain(info.Engine), plain(strings.Join(info.Devices, ", ")))
	sums := table{right: map[int]bool{1: true, 2: true}}
	sums.row("device", "operations", "cost")
	for _, s := range shares(ops) {
		cost := "-"
		if s.known {
			cost = percent(s.cost)
		}
		sums.row(s.device, fmt.Sprint(s.ops), cost)
	}
	b.WriteString(sums.String() + "\n")
	list := table{right: map[int]bool{1: true}}
	list.row("device", "cost", "operator", "output", "could run on")
	for _, op := range ops {
		// A constant is an operation to Core ML, and most programs have more
		// constants than anything else.
		if op.Device == "" && op.Cost <= 0 {
			continue // constants are not executed
		}
		cost := "-"
		if op.Cost >= 0 {
			cost = percent(op.Cost)
		}
		list.row(cmp.Or(op.Device, "none"), cost, op.Operator, op.Output, strings.Join(op.Supported, ", "))
	}
	b.WriteString(list.String())
	_, err := io.WriteString(out, b.String())
	return err
}

// percent keeps two decimals: models have thousands of operations.
func percent(share float64) string { return fmt.Sprintf("%.2f %%", 100*share) }

// shares sums the operations of each device, the busiest first.
//
// Devices are few: a list is looked through as fast as a map, and has an order.
func shares(ops []coreml.PlannedOperation) []deviceShare {
	var list []deviceShare
	for _, op := range ops {
		if op.Device == "" {
			continue
		}
		i := slices.IndexFunc(list, func(s deviceShare) bool { return s.device == op.Device })
		if i < 0 {
			i = len(list)
			list = append(list, deviceShare{device: op.Device, known: true})
		}
		list[i].ops++
		list[i].cost += max(op.Cost, 0)
		// A sum with a part that is not known would look like less than it is.
		list[i].known = list[i].known && op.Cost >= 0
	}
	slices.SortStableFunc(list, func(a, b deviceShare) int {
		return cmp.Or(cmp.Compare(b.cost, a.cost), cmp.Compare(b.ops, a.ops))
	})
	return list
}
