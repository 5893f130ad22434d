package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gocoreml/coreml/bench/internal/results"
)

// machine describes the processor. Only Linux says more than its architecture.
func machine() results.Machine {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return results.Machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU()}
	}
	return processor(string(data), runtime.NumCPU())
}

// kernelFlags are the instruction sets that some program has kernels for, in the
// names of Linux.
var kernelFlags = []string{
	"avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512vbmi", "avx512_bf16", "avx512_fp16", "amx_int8", "amx_bf16",
	"asimd", "asimddp", "asimdhp", "i8mm", "bf16", "sve",
}

// processor reads the first processor of /proc/cpuinfo.
func processor(info string, cores int) results.Machine {
	fields := map[string]string{}
	first, _, _ := strings.Cut(info, "\n\n")
	for line := range strings.Lines(first) {
		key, value, _ := strings.Cut(line, ":")
		fields[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	m := results.Machine{CPU: fields["model name"], Cores: cores, Flags: []string{}}
	if m.CPU == "" {
		m.CPU = runtime.GOARCH
	}
	// A hypervisor may give a name that many processors have.
	for _, key := range []string{"cpu family", "model", "stepping", "CPU implementer", "CPU part"} {
		if v := fields[key]; v != "" {
			m.CPU += fmt.Sprintf(", %s %s", strings.TrimPrefix(key, "cpu "), v)
		}
	}
	has := strings.Fields(fields["flags"] + " " + fields["Features"])
	for _, flag := range kernelFlags {
		if slices.Contains(has, flag) {
			m.Flags = append(m.Flags, flag)
		}
	}
	return m
}

// loadAverage is how many threads wanted to run at a time during the last minute, -1
// where the system does not say.
func loadAverage() float64 {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return -1
	}
	first, _, _ := strings.Cut(string(data), " ")
	if v, err := strconv.ParseFloat(first, 64); err == nil {
		return v
	}
	return -1
}

// usage is the time that all processors together have been at work.
type usage struct {
	busy time.Duration
	at   time.Time
}

// tick is the unit of /proc/stat: Linux gives it as a hundredth of a second to every
// program, whatever it counts in itself.
const tick = 10 * time.Millisecond

// now reads the usage, and false where the system does not tell.
func now() (usage, bool) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return usage{}, false
	}
	busy, ok := busyTicks(string(data))
	return usage{time.Duration(busy) * tick, time.Now()}, ok
}

// busyTicks adds up the first line of /proc/stat but for idling and waiting for a
// disk (proc(5)). Time that the hypervisor gave to others counts as work of others.
func busyTicks(stat string) (int64, bool) {
	line, _, _ := strings.Cut(stat, "\n")
	words := strings.Fields(line)
	if len(words) < 9 || words[0] != "cpu" {
		return 0, false
	}
	sum := int64(0)
	for i, w := range words[1:9] {
		n, err := strconv.ParseInt(w, 10, 64)
		if err != nil {
			return 0, false
		}
		if i != 3 && i != 4 { // idle, iowait
			sum += n
		}
	}
	return sum, true
}

// since is how many processors were busy on average since u was read, without the
// time that own took.
func (u usage) since(own time.Duration) float64 {
	then, ok := now()
	elapsed := then.at.Sub(u.at)
	if !ok || elapsed <= 0 {
		return 0
	}
	return max(0, (then.busy-u.busy-own).Seconds()/elapsed.Seconds())
}

// patience is how quiet the machine has to be before a round, and for how long in
// all rounds of a table to wait for it.
type patience struct {
	cores  float64
	left   time.Duration
	window time.Duration // over which the work of others is measured
	busy   func(ctx context.Context, window time.Duration) float64
}

// others is the work of all programs over a window in which this one sleeps.
func others(ctx context.Context, window time.Duration) float64 {
	start, ok := now()
	if !ok {
		return 0
	}
	select {
	case <-time.After(window):
	case <-ctx.Done():
	}
	return start.since(0)
}

// wait returns how long it took until the machine was quiet. When the patience is
// used up it returns at once: the round's own record tells how much noise there was.
func (p *patience) wait(ctx context.Context) time.Duration {
	waited := time.Duration(0)
	for p.left > 0 && ctx.Err() == nil {
		busy := p.busy(ctx, p.window)
		waited += p.window
		p.left -= p.window
		if busy <= p.cores {
			break
		}
	}
	return waited
}
