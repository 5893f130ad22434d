//go:build linux

// Init is the first process of the emulated machine: it runs the program /test
// with the arguments that the file /args holds one to a line, prints how it
// ended, and turns the machine off.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Println("emulate: failed:", err)
	} else {
		fmt.Println("emulate: passed")
	}
	drain()
	if err := syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		fmt.Println("emulate:", err)
	}
}

// drain waits until the serial port has sent what was printed: tcdrain, and what
// the port itself still holds.
func drain() {
	const tcsbrk = 0x5409
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, 1, tcsbrk, 1); errno != 0 {
		fmt.Println("emulate: drain:", errno)
	}
	time.Sleep(time.Second)
}

func run() error {
	for _, m := range [][2]string{{"/proc", "proc"}, {"/dev", "devtmpfs"}, {"/tmp", "tmpfs"}} {
		if err := os.MkdirAll(m[0], 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(m[1], m[0], m[1], 0, ""); err != nil && err != syscall.EBUSY {
			return fmt.Errorf("mount %s: %w", m[0], err)
		}
	}
	args, err := os.ReadFile("/args")
	if err != nil {
		return err
	}
	cmd := exec.Command("/test", strings.Split(strings.TrimSuffix(string(args), "\n"), "\n")...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Dir = "/tmp"
	return cmd.Run()
}
