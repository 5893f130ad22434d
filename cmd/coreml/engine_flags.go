package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/gocoreml/coreml/coreml"
)

// The flags that say what runs a model, which the verbs that run one have in common.

// engineFlags say how a model is run.
//
// Verbs that run models embed them. Their defaults are the library's.
type engineFlags struct {
	Engine     engineFlag     `help:"What runs the model: auto, framework or portable." default:"auto" placeholder:"NAME"`
	Arithmetic arithmeticFlag `help:"How the portable engine rounds: faithful, wide, fast, or default: fast for generate and bench, wide for embed, faithful otherwise." default:"default" placeholder:"NAME"`
	Adapter    []adapterFlag  `sep:"none" help:"A folder with a low-rank adapter (LoRA) of PEFT or mlx-lm, which the portable engine applies to the model; =SCALE behind it multiplies what it adds. Of several the sum is added." placeholder:"DIR[=SCALE]"`
	Threads    int            `help:"Most threads to use; 0 means as many as there are cores." default:"0" placeholder:"N"`
}

// config returns what the flags mean to the library.
func (f *engineFlags) config() *coreml.Config {
	return &coreml.Config{
		Engine: coreml.EngineChoice(f.Engine), Arithmetic: coreml.Arithmetic(f.Arithmetic), Threads: f.Threads,
		Adapters: adaptersOf(f.Adapter),
	}
}

// Validate is called by kong.
func (f *engineFlags) Validate() error {
	return atLeast("--threads", f.Threads, 0, "as many as there are cores")
}

// AfterApply is called by kong. It refuses the framework where there is none
// before anything is loaded for it.
func (f *engineFlags) AfterApply() error {
	return available(coreml.EngineChoice(f.Engine), "--engine")
}

// available refuses to go on with an engine that this system does not have. flag
// is where the user chose it.
func available(choice coreml.EngineChoice, flag string) error {
	// The library reads the variable too, and says what is wrong with it when a
	// package is loaded, as if the package were to blame.
	if name := os.Getenv("COREML_ENGINE"); choice == coreml.EngineAuto && name != "" {
		if err := choice.UnmarshalText([]byte(name)); err != nil {
			// Before anything is loaded: it is the variable that is wrong, not a package.
			return &refusal{usagef("the environment variable COREML_ENGINE is %s: it must be auto, framework or portable, or not set", quoted(firstLine(name)))}
		}
		flag = "COREML_ENGINE"
	}
	if choice != coreml.EngineFramework || choice.Available() {
		return nil
	}
	instead := "--engine portable runs"
	if flag != "--engine" {
		instead = flag + "=portable runs"
	}
	return &refusal{fmt.Errorf("%s=framework is Apple's Core ML, which only macOS has, and this is %s: %s the model here%w",
		flag, runtime.GOOS, instead, silent{coreml.ErrNoEngine})}
}

// engineFlag is a choice that kong can read: it asks for UnmarshalText, whose
// errors of the library begin with its name.
type engineFlag coreml.EngineChoice

// UnmarshalText reads the name of an engine.
func (f *engineFlag) UnmarshalText(text []byte) error {
	return choice((*coreml.EngineChoice)(f), text)
}

// arithmeticFlag is a choice that kong can read.
type arithmeticFlag coreml.Arithmetic

// UnmarshalText reads the name of a kind of arithmetic.
func (f *arithmeticFlag) UnmarshalText(text []byte) error {
	return choice((*coreml.Arithmetic)(f), text)
}

// unitsFlag is a choice that kong can read.
type unitsFlag coreml.ComputeUnits

// UnmarshalText reads the name of compute units, also as Swift spells it:
// cpuAndGPU.
func (f *unitsFlag) UnmarshalText(text []byte) error {
	name := string(text)
	switch strings.ToLower(strings.ReplaceAll(name, "-", "")) {
	case "cpuonly":
		name = "cpu-only"
	case "cpuandgpu":
		name = "cpu-and-gpu"
	case "cpuandneuralengine":
		name = "cpu-and-neural-engine"
	}
	return choice((*coreml.ComputeUnits)(f), []byte(name))
}

// choice reads a name without the prefix that the error has inside a program.
func choice(v interface{ UnmarshalText([]byte) error }, text []byte) error {
	if err := v.UnmarshalText(text); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "coreml: "))
	}
	return nil
}
