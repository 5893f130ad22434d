package kernel

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Info tells which kernels run and why.
type Info struct {
	// Variant is the set in use.
	Variant string
	// Best is the fastest set that this machine and build have.
	Best string
	// Requested is the value of COREML_CPU, empty when it is not set.
	Requested string
	// Problem says in words what is wrong with Requested, empty when nothing is.
	Problem string
}

// current is written at start and by SetVariant.
var current Info

// COREML_CPU is read once, at start: a later change of the environment has no
// effect.
func init() {
	detect()
	current = choose(os.Getenv(EnvCPU))
	apply(current.Variant)
}

// CPU tells which kernels this process uses.
func CPU() Info { return current }

// Variants lists the kernel sets that this machine and build can run, the best
// one first. Generic is always last.
func Variants() []string { return available() }

// SetVariant makes the named set the current one. It is for tests and
// benchmarks: it must not run while another goroutine uses the package.
func SetVariant(name string) error {
	if !slices.Contains(available(), name) {
		return fmt.Errorf("kernel: no %q kernels here (have %s)", name, strings.Join(available(), ", "))
	}
	current.Variant = name
	apply(name)
	return nil
}

// choose applies the cap: the best available set at or below it. A cap of
// another architecture's name leaves that architecture's own best. An unknown
// cap is reported and ignored, since a kernel set must never be a reason not to
// run.
func choose(limit string) Info {
	have := available()
	in := Info{Best: have[0], Variant: have[0], Requested: limit}
	switch strings.ToLower(limit) {
	case "", AMX, NEON:
		// No set is above these, so they admit whatever there is.
	case AVX512, AVX2:
		if best := slices.Index(have, strings.ToLower(limit)); best >= 0 {
			in.Variant = have[best]
		}
	case Generic:
		in.Variant = Generic
	default:
		in.Problem = fmt.Sprintf("%s=%q is not one of amx, avx512, avx2, neon, generic; using %s", EnvCPU, limit, in.Variant)
	}
	return in
}
