// The program inspect prints what a Core ML package says of itself: its
// functions, its inputs and outputs with their types and allowed shapes, its
// states, and what the engine made of it.
//
//	go run ./examples/inspect Model.mlpackage
//
// Without an argument it inspects the model that is embedded in the program.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "inspect:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	// The portable engine runs everywhere; a zero Config would choose Core ML
	// itself on macOS.
	cfg := &coreml.Config{Engine: coreml.EnginePortable, ComputeUnits: coreml.UnitsCPUOnly}
	first, err := load(ctx, args, cfg)
	if err != nil {
		return err
	}
	d := first.Description()
	fmt.Printf("specification version %d, functions: %s (default %s)\n",
		d.SpecificationVersion, strings.Join(d.Functions, ", "), d.DefaultFunction)
	if d.ShortDescription != "" {
		fmt.Printf("%s\n", d.ShortDescription)
	}
	info := first.Info()
	fmt.Printf("engine %s on %s, arithmetic %v\n", info.Engine, strings.Join(info.Devices, ", "), info.Arithmetic)
	for _, note := range info.Notes {
		fmt.Printf("note: %s\n", note)
	}
	if err := first.Close(); err != nil {
		return err
	}
	// A Model is one function, so each is loaded in turn. The weights that they
	// share are mapped, not copied.
	for _, name := range d.Functions {
		cfg.Function = name
		if err := inspect(ctx, args, cfg); err != nil {
			return err
		}
	}
	return nil
}

func load(ctx context.Context, args []string, cfg *coreml.Config) (*coreml.Model, error) {
	if len(args) > 0 {
		return coreml.Load(ctx, args[0], cfg)
	}
	return coreml.LoadFS(ctx, storyteller.FS(), storyteller.Package, cfg)
}

// inspect prints one function.
func inspect(ctx context.Context, args []string, cfg *coreml.Config) error {
	m, err := load(ctx, args, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	d := m.Description()
	fmt.Printf("\nfunction %s\n", d.Function)
	for _, group := range []struct {
		name string
		list []coreml.FeatureDescription
	}{{"input", d.Inputs}, {"output", d.Outputs}, {"state", d.States}} {
		for _, f := range group.list {
			fmt.Printf("  %-6s %s\n", group.name, f.String())
		}
	}
	memory := 0
	for _, f := range d.States {
		size := f.DType.Size()
		for _, n := range f.Shape {
			size *= n
		}
		memory += size
	}
	fmt.Printf("  each conversation keeps %d KiB of state\n", memory>>10)
	return nil
}
