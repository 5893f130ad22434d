package main

import (
	"fmt"
	"math"
)

// atLeast refuses a whole number below least. What the least number means is
// said when it stands for something else than itself.
//
// The forms of these sentences are the same for every flag: which flag, what it was
// given, what it may be, and what the odd value at the edge means.
func atLeast(flag string, n, least int, means string) error {
	if n >= least {
		return nil
	}
	text := fmt.Sprintf("%s is %d: it must be %d or more", flag, n, least)
	if means != "" {
		text += fmt.Sprintf("; %d means %s", least, means)
	}
	return fmt.Errorf("%s", text)
}

// between refuses a whole number outside of least to most.
func between(flag string, n, least, most int) error {
	if n < least || n > most {
		return fmt.Errorf("%s is %d: it must be between %d and %d", flag, n, least, most)
	}
	return nil
}

// interval is a range of numbers for a flag; nil flags are not given.
type interval struct {
	flag        string
	value       *float64
	least, most float64
	// above says that least itself is too small, and means what the range stands
	// for.
	above bool
	means string
}

// check refuses what lies outside, NaN too.
func (i *interval) check() error {
	if i.value == nil {
		return nil
	}
	v := *i.value
	if v > i.least && v <= i.most && !math.IsInf(v, 0) || v == i.least && !i.above {
		return nil
	}
	// A limit that is infinite is not one that people should read.
	limits := fmt.Sprintf("between %g and %g", i.least, i.most)
	switch {
	case math.IsInf(i.most, 1) && i.above:
		limits = fmt.Sprintf("a number above %g", i.least)
	case math.IsInf(i.most, 1):
		limits = fmt.Sprintf("a number from %g on", i.least)
	}
	return fmt.Errorf("%s is %g: it must be %s; %s", i.flag, v, limits, i.means)
}

// packageFlags say how the package of a model that writes text is run.
type packageFlags struct {
	ComputeUnits unitsFlag `help:"Devices to use: all, cpu-only, cpu-and-gpu or cpu-and-neural-engine." default:"all" placeholder:"NAME"`
	Function     string    `help:"The function of the package to run." placeholder:"NAME"`
	Driver       string    `help:"A driver file, which says what the inputs and outputs mean; without it the one beside the package, if there is one." placeholder:"FILE"`
	PrefillChunk int       `help:"Prompt tokens per prediction; 0 means 128, -1 the whole prompt." default:"0" placeholder:"N"`
}
