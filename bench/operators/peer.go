package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// peer is a running torch_peer.py.
type peer struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startPeer(ctx context.Context, o *options, threads int) (*peer, error) {
	clock := "elapsed"
	if o.cpu {
		clock = "cpu"
	}
	pick := "median"
	if o.best {
		pick = "best"
	}
	cmd := exec.CommandContext(ctx, o.python, o.peer, strconv.Itoa(threads), clock, pick)
	cmd.Stderr = os.Stderr
	// PyTorch's threads are OpenMP's, which would otherwise spin between its turns.
	cmd.Env = append(os.Environ(), "OMP_WAIT_POLICY=passive")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("PyTorch: %w", err)
	}
	return &peer{cmd, in, bufio.NewReader(out)}, nil
}

// time has an operation timed and returns its time in milliseconds.
func (p *peer) time(op *operation, slice time.Duration) (float64, error) {
	err := json.NewEncoder(p.in).Encode(map[string]any{"module": op.module, "shapes": op.inputs, "seconds": slice.Seconds()})
	if err != nil {
		return 0, fmt.Errorf("PyTorch: %w", err)
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("PyTorch: %w", err)
	}
	return strconv.ParseFloat(strings.TrimSpace(line), 64)
}

// stop ends the program, which has nothing left to read.
func (p *peer) stop() {
	_ = p.in.Close()
	_ = p.cmd.Wait()
}
