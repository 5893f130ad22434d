package main

import (
	"context"
	"slices"
	"testing"
	"time"
)

func TestAProcessorIsNamedSoThatItCanBeToldFromOthers(t *testing.T) {
	const intel = "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Xeon\nstepping\t: 8\n" +
		"flags\t\t: fpu avx2 fma avx512f avx512_vnni amx_int8\n\nprocessor\t: 1\nmodel name\t: another\n"
	m := processor(intel, 2)
	if m.CPU != "Xeon, family 6, model 143, stepping 8" || m.Cores != 2 || !slices.Equal(m.Flags, []string{"avx2", "avx512f", "avx512_vnni", "amx_int8"}) {
		t.Errorf("got %+v", m)
	}
	const arm = "processor\t: 0\nFeatures\t: fp asimd asimddp\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n"
	if m := processor(arm, 4); !slices.Equal(m.Flags, []string{"asimd", "asimddp"}) || m.CPU == "" {
		t.Errorf("got %+v", m)
	}
}

func TestIdlingAndWaitingForADiskIsNoWork(t *testing.T) {
	// user nice system idle iowait irq softirq steal guest guest_nice
	got, ok := busyTicks("cpu  1 20 300 4000 50000 600000 7000000 80000000 900000000 1\ncpu0 1 1 1 1\n")
	if want := int64(1 + 20 + 300 + 600000 + 7000000 + 80000000); !ok || got != want {
		t.Errorf("got %d, %v, want %d", got, ok, want)
	}
	for _, text := range []string{"", "cpu 1 2 3", "intr 1 2 3 4 5 6 7 8 9", "cpu 1 2 3 4 5 6 7 x"} {
		if _, ok := busyTicks(text); ok {
			t.Errorf("%q was read", text)
		}
	}
}

func TestRoundsWaitForAQuietMachineButNotForEver(t *testing.T) {
	busy := []float64{1.5, 0.3, 0.05, 2, 2, 2, 2, 2}
	p := patience{cores: 0.1, left: 7 * time.Second, window: time.Second}
	p.busy = func(context.Context, time.Duration) float64 {
		v := busy[0]
		busy = busy[1:]
		return v
	}
	// Quiet at the third look; then never, until four more have used up the patience;
	// then not even a look.
	for i, want := range []time.Duration{3 * time.Second, 4 * time.Second, 0} {
		if got := p.wait(t.Context()); got != want {
			t.Errorf("round %d waited %v, want %v", i, got, want)
		}
	}
	if len(busy) != 1 {
		t.Errorf("%d looks are left of 8", len(busy))
	}
}

func TestWhatOthersDoIsWhatIsLeftOfTheWork(t *testing.T) {
	if _, ok := now(); !ok {
		t.Skip("this system does not tell how busy it is")
	}
	// Two cores' worth of own time in one second leave nothing to others, and the work
	// of a machine is never below none.
	u := usage{busy: 0, at: time.Now().Add(-time.Second)}
	then, _ := now()
	if got := u.since(then.busy + time.Hour); got != 0 {
		t.Errorf("others had %v cores", got)
	}
	if got := u.since(0); got <= 0 {
		t.Errorf("all the work since the machine began counts as %v", got)
	}
}
