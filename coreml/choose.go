package coreml

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/engine"
)

// engineEnv is the environment variable that says what EngineAuto means.
const engineEnv = "COREML_ENGINE"

// The names under which engines register.
const (
	frameworkName = "framework"
	portableName  = "portable"
)

// choice returns what c asks for, once the environment has had its say.
func (c *Config) choice() (EngineChoice, error) {
	if int(c.Engine) >= len(engineNames) {
		return c.Engine, fmt.Errorf("engine %d does not exist: %w", c.Engine, ErrNoEngine)
	}
	name := os.Getenv(engineEnv)
	if c.Engine != EngineAuto || name == "" {
		return c.Engine, nil
	}
	i := slices.Index(engineNames, name)
	if i < 0 {
		return c.Engine, fmt.Errorf("%s is %q, want one of %s: %w", engineEnv, name, strings.Join(engineNames, ", "), ErrNoEngine)
	}
	return EngineChoice(i), nil
}

// engine returns the engine that c chooses.
func (c *Config) engine() (engine.Engine, error) {
	choice, err := c.choice()
	if err != nil {
		return nil, err
	}
	names := []string{choice.String()}
	if choice == EngineAuto {
		names = []string{frameworkName, portableName}
	}
	for _, name := range names {
		if e := engine.Lookup(name); e != nil {
			return e, nil
		}
	}
	if choice == EngineFramework {
		return nil, fmt.Errorf("engine %v is Apple's Core ML, which only macOS has; engine %v runs the package here: %w", choice, EnginePortable, ErrNoEngine)
	}
	return nil, fmt.Errorf("engine %v: %w", choice, ErrNoEngine)
}

// second returns the engine to take when the first, which Auto chose, finds the
// running system too old for the package. It returns nil when there is none.
func (c *Config) second(first engine.Engine, err error) engine.Engine {
	if !errors.Is(err, engine.ErrUnsupportedOS) || first.Name() != frameworkName {
		return nil
	}
	if choice, err := c.choice(); err != nil || choice != EngineAuto {
		return nil
	}
	return engine.Lookup(portableName)
}

// open loads the package with the engine that cfg chooses. The note says why it
// was not the first choice; it is empty otherwise.
func open(ctx context.Context, src engine.Source, name string, cfg *Config, ec engine.Config) (engine.Engine, engine.Program, string, error) {
	e, err := cfg.engine()
	if err != nil {
		return nil, nil, "", err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, "", err
	}
	prog, err := e.Load(ctx, src, ec)
	if err == nil {
		return e, prog, "", nil
	}
	other := cfg.second(e, err)
	if other == nil {
		return nil, nil, "", err
	}
	prog, second := other.Load(ctx, src, ec)
	if second != nil {
		return nil, nil, "", fmt.Errorf("%w; and the %s engine: %w", err, other.Name(), second)
	}
	return other, prog, "the portable engine is used because Core ML cannot run the package here: " + err.Error(), nil
}
