package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

const deploy = "../../examples/deploy"

// TestTheCallsInExamplesOfDeploymentAreRight reads the calls of serve in the files for
// systemd, launchd and Kubernetes as the command does.
func TestTheCallsInExamplesOfDeploymentAreRight(t *testing.T) {
	for _, c := range []struct {
		name  string
		args  []string
		limit time.Duration // after which the manager ends the server
	}{
		{"systemd", systemdCall(t), 120 * time.Second},
		{"launchd", launchdCall(t), 120 * time.Second},
		{"Kubernetes", kubernetesCall(t), 120 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			var parsed cli
			parser, err := kong.New(&parsed, kong.Vars(synthVars()), kong.PostBuild(needValues))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(c.args); err != nil {
				t.Fatalf("%q: %v", c.args, err)
			}
			call := parsed.Serve
			plan, err := call.plan()
			if err != nil || len(plan) != 1 || plan[0].id != "chat" {
				t.Errorf("%v: the models are %+v", err, plan)
			}
			if call.DrainDelay+call.Drain+closingTime > c.limit {
				t.Errorf("the server may take %v, %v and %v to close, and is ended after %v", call.DrainDelay, call.Drain, closingTime, c.limit)
			}
			if call.SessionDir == "" || c.name != "Kubernetes" && call.APIKeyFile == "" {
				t.Errorf("%q lacks a key or a folder for conversations", c.args)
			}
		})
	}
}

func readDeploy(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(deploy, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// systemdCall is the line ExecStart, of which no part has a space.
func systemdCall(t *testing.T) []string {
	t.Helper()
	text := readDeploy(t, "coreml.service")
	for line := range strings.Lines(text) {
		if call, ok := strings.CutPrefix(line, "ExecStart="); ok && strings.Contains(text, "\nTimeoutStopSec=120\n") {
			return strings.Fields(call)[1:]
		}
	}
	t.Fatal("the unit has no call, or another limit")
	return nil
}

// launchdCall is the array ProgramArguments.
func launchdCall(t *testing.T) []string {
	t.Helper()
	var list struct {
		Dict struct {
			Keys    []string `xml:"key"`
			Strings []string `xml:"array>string"`
			Numbers []int    `xml:"integer"`
		} `xml:"dict"`
	}
	if err := xml.Unmarshal([]byte(readDeploy(t, "com.example.coreml.plist")), &list); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(list.Dict.Keys, "ExitTimeOut") || list.Dict.Numbers[0] != 120 {
		t.Errorf("the limits are %v", list.Dict.Numbers)
	}
	return list.Dict.Strings[1:]
}

// kubernetesCall is the arguments of the container.
func kubernetesCall(t *testing.T) []string {
	t.Helper()
	var args []string
	kinds := map[string]int{}
	for decoder := yaml.NewDecoder(strings.NewReader(readDeploy(t, "kubernetes.yaml"))); ; {
		var object struct {
			Kind string
			Spec struct {
				Template struct {
					Spec struct {
						Grace      int `yaml:"terminationGracePeriodSeconds"`
						Containers []struct {
							Args      []string
							Readiness struct {
								Get struct{ Path string } `yaml:"httpGet"`
							} `yaml:"readinessProbe"`
						}
					}
				}
			}
		}
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kinds[object.Kind]++
		if pod := object.Spec.Template.Spec; object.Kind == "Deployment" {
			args = pod.Containers[0].Args
			if pod.Grace != 120 || pod.Containers[0].Readiness.Get.Path != "/health" {
				t.Errorf("the pod is %+v", pod)
			}
		}
	}
	if kinds["Deployment"] != 1 || kinds["Service"] != 1 {
		t.Errorf("the objects are %v", kinds)
	}
	return args
}
