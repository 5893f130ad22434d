package main

import (
	"strings"
	"testing"
)

// The lines below are those that go test -json of Go 1.26 wrote for small
// packages, without the times.
const (
	passing = `{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestGood"}
{"Action":"output","Package":"m/a","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"pass","Package":"m/a","Test":"TestGood","Elapsed":0}
{"Action":"pass","Package":"m/a","Elapsed":0.01}
`
	skipping = `{"Action":"output","Package":"m/b","Test":"TestTool","Output":"=== RUN   TestTool\n"}
{"Action":"output","Package":"m/b","Test":"TestTool","Output":"    b_test.go:9: no compiler here\n"}
{"Action":"output","Package":"m/b","Test":"TestTool","Output":"--- SKIP: TestTool (0.00s)\n"}
{"Action":"skip","Package":"m/b","Test":"TestTool","Elapsed":0}
{"Action":"output","Package":"m/b","Test":"TestTool/part","Output":"    b_test.go:12: no compiler here\n"}
{"Action":"skip","Package":"m/b","Test":"TestTool/part","Elapsed":0}
{"Action":"skip","Package":"m/none","Elapsed":0}
`
	failing = `{"Action":"output","Package":"m/c","Test":"TestBad","Output":"    c_test.go:3: got 1, want 2\n"}
{"Action":"fail","Package":"m/c","Test":"TestBad","Elapsed":0}
{"Action":"fail","Package":"m/c","Elapsed":0.01}
`
	unbuilt = `{"ImportPath":"m/d [m/d.test]","Action":"build-output","Output":"d_test.go:5:2: undefined: x\n"}
{"ImportPath":"m/d [m/d.test]","Action":"build-fail"}
{"Action":"fail","Package":"m/d","Elapsed":0,"FailedBuild":"m/d [m/d.test]"}
`
)

func TestReport(t *testing.T) {
	tests := []struct {
		name, events, want string
	}{
		{"tests that pass are counted", passing, "1 passed, 0 failed, 0 skipped\n"},
		{
			"skipped tests stand under their reason, packages without tests nowhere", passing + skipping,
			"skipped: no compiler here\n    m/b TestTool\n    m/b TestTool/part\n1 passed, 0 failed, 2 skipped\n",
		},
		{
			"a test that fails is shown, and its package is no second failure", failing,
			"failed: m/c TestBad\n    c_test.go:3: got 1, want 2\n0 passed, 1 failed, 0 skipped\n",
		},
		{
			"a package that does not build fails with what the compiler said", unbuilt,
			"d_test.go:5:2: undefined: x\nfailed: m/d\n0 passed, 1 failed, 0 skipped\n",
		},
		{
			"a reason over several lines is one line, without the place in the source",
			`{"Action":"output","Package":"m/b","Test":"TestTwo","Output":"    b_test.go:9: no compiler\n        and no library\n"}` + "\n" +
				`{"Action":"skip","Package":"m/b","Test":"TestTwo"}` + "\n",
			"skipped: no compiler and no library\n    m/b TestTwo\n0 passed, 0 failed, 1 skipped\n",
		},
		{
			"a test that is skipped without a word says so", `{"Action":"skip","Package":"m/b","Test":"TestMute"}` + "\n",
			"skipped: no reason given\n    m/b TestMute\n0 passed, 0 failed, 1 skipped\n",
		},
		{
			"a package that ends early fails once, with what it printed",
			`{"Action":"output","Package":"m/e","Output":"panic: lost\n"}` + "\n" + `{"Action":"fail","Package":"m/e"}` + "\n",
			"failed: m/e\npanic: lost\n0 passed, 1 failed, 0 skipped\n",
		},
		{
			"what the go command prints by itself is shown when something failed", "go: no such tool\n" + failing,
			"go: no such tool\nfailed: m/c TestBad\n    c_test.go:3: got 1, want 2\n0 passed, 1 failed, 0 skipped\n",
		},
		{"what the go command prints by itself is left out when all went well", "go: downloading m v1\n" + passing, "1 passed, 0 failed, 0 skipped\n"},
		{"no events are no tests", "", "0 passed, 0 failed, 0 skipped\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rep, err := read(strings.NewReader(test.events))
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			if err := rep.write(&got); err != nil {
				t.Fatal(err)
			}
			if got.String() != test.want {
				t.Errorf("got\n%swant\n%s", got.String(), test.want)
			}
		})
	}
}
