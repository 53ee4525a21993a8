// Go's net package, a goroutine for each connection.
//
//	echo echo|once|echo-lines|lines|idle|udp      prints {"port":N} when it serves
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
)

// As for every subject: 256 datagrams in flight shall fit.
const receiveBuffer = 1 << 20

func echo(connection net.Conn) {
	buffer := make([]byte, 65536)
	for {
		count, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err := connection.Write(buffer[:count]); err != nil {
			return
		}
	}
}

func once(connection net.Conn) {
	buffer := make([]byte, 65536)
	count, err := connection.Read(buffer)
	if err == nil {
		connection.Write(buffer[:count])
	}
}

func answerLines(connection net.Conn, answer func(line []byte) []byte) {
	reader := bufio.NewReader(connection)
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return
		}
		if _, err := connection.Write(answer(line)); err != nil {
			return
		}
	}
}

func echoLines(connection net.Conn) {
	answerLines(connection, func(line []byte) []byte { return line })
}

func lines(connection net.Conn) {
	answerLines(connection, bytes.ToUpper)
}

func serveConnections(handle func(net.Conn)) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			handle(connection)
		}()
	}
}

func serveDatagrams() error {
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	if err := socket.SetReadBuffer(receiveBuffer); err != nil {
		return err
	}
	fmt.Printf("{\"port\":%d}\n", socket.LocalAddr().(*net.UDPAddr).Port)
	buffer := make([]byte, 8192)
	for {
		count, client, err := socket.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return err
		}
		// A client that is gone: its datagrams are lost, as datagrams may be.
		socket.WriteToUDPAddrPort(buffer[:count], client)
	}
}

func main() {
	var err error
	switch kind := os.Args[1]; kind {
	case "udp":
		err = serveDatagrams()
	case "once":
		err = serveConnections(once)
	case "echo-lines":
		err = serveConnections(echoLines)
	case "lines":
		err = serveConnections(lines)
	default:
		err = serveConnections(echo)
	}
	fmt.Fprintln(os.Stderr, "echo:", err)
	os.Exit(1)
}
