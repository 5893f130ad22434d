package main

import (
	"net"
	"strings"
	"testing"
)

func TestAnAddressThatIsTakenSaysWhatToDo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var cmd serveCmd
	cmd.Addr = l.Addr().String()
	err = (&webServer{cmd: &cmd}).listen(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), cmd.Addr+" is taken") || !strings.HasSuffix(err.Error(), "--addr 127.0.0.1:0 lets the system choose a free port") {
		t.Errorf("error is %v", err)
	}
}
