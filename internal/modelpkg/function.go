package modelpkg

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/milpb"
)

// mainFunction is the only function of a package whose description lists none.
const mainFunction = "main"

// Functions returns the names of the package's functions, in order. The names
// are those of the description. That the program has them is for package mil to
// find out.
func (p *Package) Functions() []string {
	d := p.description()
	if len(d.Functions) == 0 {
		return []string{mainFunction}
	}
	names := make([]string, len(d.Functions))
	for i := range d.Functions {
		names[i] = d.Functions[i].Name
	}
	// Two of one name are a mistake that the program's verifier finds.
	slices.Sort(names)
	return slices.Compact(names)
}

// DefaultFunction returns the name of the function that is meant when none is
// given; empty when the package has several and none of them is the default.
func (p *Package) DefaultFunction() string {
	d := p.description()
	if len(d.Functions) == 0 || d.DefaultFunctionName == "" {
		if slices.Contains(p.Functions(), mainFunction) {
			return mainFunction
		}
		return ""
	}
	return d.DefaultFunctionName
}

// FunctionInterface returns the description of the function of that name, or of
// the default one when name is empty. A package without a list of functions has
// only main, whose features are the model's. The result belongs to the package
// and must not be changed.
func (p *Package) FunctionInterface(name string) (*milpb.FunctionDescription, error) {
	if name == "" {
		if name = p.DefaultFunction(); name == "" {
			return nil, fmt.Errorf("%w: the package has no default function, name one of %s",
				ErrFunction, strings.Join(p.Functions(), ", "))
		}
	}
	d := p.description()
	for i := range d.Functions {
		if d.Functions[i].Name == name {
			return &d.Functions[i], nil
		}
	}
	if len(d.Functions) > 0 || name != mainFunction {
		return nil, fmt.Errorf("%w: %q (the package has %s)", ErrFunction, name, strings.Join(p.Functions(), ", "))
	}
	return &milpb.FunctionDescription{
		Name:                       mainFunction,
		Input:                      d.Input,
		Output:                     d.Output,
		State:                      d.State,
		PredictedFeatureName:       d.PredictedFeatureName,
		PredictedProbabilitiesName: d.PredictedProbabilitiesName,
	}, nil
}

// description returns what the model file says of its interface; a file need not say
// anything.
func (p *Package) description() *milpb.ModelDescription {
	if p.model.Description == nil {
		return &milpb.ModelDescription{}
	}
	return p.model.Description
}
