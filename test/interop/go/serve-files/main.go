// serve-files is the plainest static file server there is, Go's own. Prints its URL once it listens.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	directory := flag.String("dir", "", "the folder to serve")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintf(os.Stderr, "serve-files: %v\n", err)
		os.Exit(1)
	}
	fmt.Printf("http://%s/\n", listener.Addr())
	fmt.Fprintf(os.Stderr, "serve-files: %v\n", http.Serve(listener, http.FileServer(http.Dir(*directory))))
	os.Exit(1)
}
