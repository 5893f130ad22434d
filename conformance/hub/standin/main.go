// Command standin runs the stand-in hub of package hub/hubtest for clients that are
// not Go tests.
//
//	go run ./conformance/hub/standin -scenario scenario.json [-root folder]
//
// It prints one line of JSON with the addresses of the two origins and of the
// control port, {"hub": "http://…", "cdn": "http://…", "control": "http://…"}, and
// ends when its standard input does. At the control port:
//
//	GET    /requests   the log so far, as JSON
//	DELETE /requests   forget the log
//	POST   /faults     add faults, a list as in a scenario
//	DELETE /faults     take all faults away
//	POST   /repos      add or replace repositories: a scenario, whose faults are added too
//	GET    /commit?type=model&id=org/name&revision=main   the commit, as text
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gocoreml/coreml/hub/hubtest"
	"github.com/gocoreml/coreml/internal/storage"
)

func main() {
	scenario := flag.String("scenario", "", "the file that says what is served and what goes wrong")
	root := flag.String("root", ".", "the folder in which the scenario's folders lie")
	flag.Parse()
	if err := run(*scenario, os.DirFS(*root), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
}

// run serves until stdin ends.
func run(scenario string, root fs.FS, stdin io.Reader, stdout io.Writer) error {
	s, err := hubtest.Start()
	if err != nil {
		return err
	}
	defer s.Close()
	if scenario != "" {
		f, err := storage.Open(scenario)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := load(s, f, root); err != nil {
			return err
		}
	}
	address, stop, err := serveControl(s, root)
	if err != nil {
		return err
	}
	defer stop()
	line := map[string]string{"hub": s.URL(), "cdn": s.CDNURL(), "control": address}
	if err := json.NewEncoder(stdout).Encode(line); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, stdin)
	return err
}

// load puts a scenario into a server.
func load(s *hubtest.Server, r io.Reader, root fs.FS) error {
	scenario, err := hubtest.ReadScenario(r, root)
	if err != nil {
		return err
	}
	for _, repo := range scenario.Repos {
		if err := s.Put(repo); err != nil {
			return err
		}
	}
	s.Add(scenario.Faults...)
	return nil
}

// serveControl opens the control port.
func serveControl(s *hubtest.Server, root fs.FS) (address string, stop func(), err error) {
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: control(s, root), ReadHeaderTimeout: time.Minute}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stderr, "standin: control port:", err)
		}
	}()
	return "http://" + l.Addr().String(), func() { server.Close() }, nil
}

// control answers at the control port.
func control(s *hubtest.Server, root fs.FS) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /requests", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(s.Requests()) //nolint:errcheck // the client has gone
	})
	mux.HandleFunc("DELETE /requests", func(http.ResponseWriter, *http.Request) { s.ClearLog() })
	mux.HandleFunc("DELETE /faults", func(http.ResponseWriter, *http.Request) { s.ClearFaults() })
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) {
		text := io.MultiReader(strings.NewReader(`{"faults":`), r.Body, strings.NewReader("}"))
		report(w, load(s, text, root))
	})
	mux.HandleFunc("POST /repos", func(w http.ResponseWriter, r *http.Request) { report(w, load(s, r.Body, root)) })
	mux.HandleFunc("GET /commit", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		fmt.Fprint(w, s.Commit(hubtest.Type(q.Get("type")), q.Get("id"), q.Get("revision")))
	})
	return mux
}

// report answers with an error, if there is one.
func report(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}
