//go:build linux && (amd64 || arm64)

package rig

import (
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ebitengine/purego"

	"github.com/gocoreml/coreml/internal/objc"
)

// Environment variables that change the rig.
const (
	// Required makes tests fail, rather than be skipped, where the rig cannot be
	// built, if it is set to "required".
	Required = "COREML_RIG"
	// MacOS is the system that the stand-in plays, as 10 times the version.
	MacOS = "COREML_RIG_MACOS"
	// Library names a stand-in that has been built before, for systems without a
	// compiler.
	Library = "COREML_RIG_LIBRARY"
	// Compiler is the C compiler; gcc when it is not set. Flags are added to its
	// own.
	Compiler = "COREML_RIG_CC"
	// The folders of another architecture's libraries, for instance.
	Flags = "COREML_RIG_CFLAGS"
)

// standin is the source file that is compiled.
const standin = "testdata/standin/standin.m"

// sources are the stand-in's. They are embedded, so that a test binary needs no
// source tree beside it.
//
//go:embed testdata/standin
var sources embed.FS

// ErrUnavailable means that the compiler or the libraries are missing.
var ErrUnavailable = errors.New("the stand-in for CoreML.framework cannot be built: it needs gobjc and libgnustep-base-dev")

// started holds the one stand-in of the process. A process can load an
// Objective-C runtime once, so a failure is final for all of its tests.
var started struct {
	sync.Once
	err error
}

// Start loads the stand-in and lets the portable engine answer for it. It must be
// called by every test that uses the rig, before anything else loads the
// Objective-C runtime.
func Start(tb testing.TB) {
	tb.Helper()
	started.Do(func() { started.err = start() })
	switch {
	case started.err == nil:
	case errors.Is(started.err, ErrUnavailable) && os.Getenv(Required) != "required":
		tb.Skip(started.err)
	default:
		tb.Fatal(started.err)
	}
}

// start builds or finds the library, loads it in place of the frameworks of a
// Mac and puts the portable engine behind it.
func start() error {
	library, err := locate()
	if err != nil {
		return err
	}
	if err := objc.Load(library); err != nil {
		return err
	}
	return connect(library)
}

// locate returns the stand-in's library and builds it if it is not there: like
// the go command's, its builds are kept, under the digest of what they are made
// from. Whatever changes the result is part of the digest: sources, flags and
// the compiler's name. Old builds are left for the system's own cleaning of
// caches.
func locate() (string, error) {
	if library := os.Getenv(Library); library != "" {
		return library, nil
	}
	args := arguments()
	digest := sha256.New()
	fmt.Fprintf(digest, "%q %q", compiler(), args)
	if err := fs.WalkDir(sources, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := sources.ReadFile(name)
		fmt.Fprintf(digest, "%s %d %s", name, len(raw), raw)
		return err
	}); err != nil {
		return "", err
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	dir = filepath.Join(dir, "gocoreml", "rig")
	library := filepath.Join(dir, fmt.Sprintf("standin-%x.so", digest.Sum(nil)[:12]))
	if _, err := os.Stat(library); err == nil {
		return library, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	return library, build(library, args)
}

// compiler names the C compiler. It must know Objective-C, which for gcc is the
// package gobjc.
func compiler() string {
	if cc := os.Getenv(Compiler); cc != "" {
		return cc
	}
	return "gcc"
}

// arguments are those of gnustep-config --objc-flags, as far as they matter,
// and what the environment changes. Warnings are errors, since nobody reads
// what a build prints here.
func arguments() []string {
	args := []string{
		"-x", "objective-c", "-std=gnu11", "-D_GNU_SOURCE", "-fconstant-string-class=NSConstantString", "-DGNUSTEP",
		"-DGNUSTEP_BASE_LIBRARY=1", "-DGNU_RUNTIME=1", "-D_NATIVE_OBJC_EXCEPTIONS", "-fno-strict-aliasing", "-fexceptions",
		"-fobjc-exceptions", "-fPIC", "-pthread", "-O1", "-g", "-Wall", "-Wno-import", "-Werror", "-isystem", "/usr/include/GNUstep",
		"-shared", standin, "-lgnustep-base", "-lobjc", "-lpthread",
	}
	if v := os.Getenv(MacOS); v != "" {
		args = append(args, "-DSTANDIN_MACOS="+v)
	}
	return append(args, strings.Fields(os.Getenv(Flags))...)
}

// Build compiles the stand-in to a file, for a system that has no compiler: it is
// then named by [Library].
func Build(to string) error { return build(to, arguments()) }

// build compiles the stand-in. It appears under its name when it is complete.
// Several test processes may build at once; each does so in a folder of its
// own, and the last rename wins with the same content.
func build(to string, args []string) error {
	path, err := exec.LookPath(compiler())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(to), "build-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, sources); err != nil {
		return err
	}
	out, err := compile(path, dir, args)
	if err == nil {
		return os.Rename(filepath.Join(dir, "standin.so"), to)
	}
	// Compilers say in many ways that they know no Objective-C or find no
	// Foundation; so they are asked for the least program that needs both.
	least := slices.Clone(args)
	least[slices.Index(least, standin)] = "least.m"
	program := "#import <Foundation/Foundation.h>\nid least(void) { return [NSObject new]; }\n"
	if err := os.WriteFile(filepath.Join(dir, "least.m"), []byte(program), 0o600); err != nil {
		return err
	}
	if out, err := compile(path, dir, least); err != nil {
		return fmt.Errorf("%w: %s", ErrUnavailable, firstLine(out))
	}
	return fmt.Errorf("the stand-in does not compile: %w\n%s", err, out)
}

// compile runs the compiler in dir and returns what it printed. The embedded
// sources have been copied to dir, since the compiler reads files.
func compile(compiler, dir string, args []string) ([]byte, error) {
	cmd := exec.Command(compiler, append([]string{"-o", "standin.so"}, args...)...)
	cmd.Dir = dir
	return cmd.CombinedOutput()
}

// firstLine keeps the reason for a skip short: compilers go on for pages.
func firstLine(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return line
}

// functions are the stand-in's own C functions. Their addresses are called by
// purego.SyscallN. They are declared in standin.h and belong to the stand-in
// alone; Core ML has nothing like them.
var functions struct {
	counts, report, forget, methods, setDevices, threads, gate, waiting uintptr
}

// connect finds the stand-in's functions and sets the engine behind it. The
// callback is made once, as purego never frees one. It is called on threads of
// the stand-in, and of the runtime's own.
func connect(library string) error {
	handle, err := purego.Dlopen(library, purego.RTLD_NOW) // the one that is loaded
	if err != nil {
		return err
	}
	var setEngine uintptr
	for name, to := range map[string]*uintptr{
		"StandinCounts": &functions.counts, "StandinReport": &functions.report, "StandinForget": &functions.forget,
		"StandinMethods": &functions.methods, "StandinSetDevices": &functions.setDevices, "StandinThreads": &functions.threads,
		"StandinGate": &functions.gate, "StandinWaiting": &functions.waiting, "StandinSetEngine": &setEngine,
	} {
		if *to, err = purego.Dlsym(handle, name); err != nil {
			return err
		}
	}
	purego.SyscallN(setEngine, purego.NewCallback(func(r *request) uintptr {
		answer(r)
		return 0
	}))
	return nil
}
