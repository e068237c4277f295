#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a program of a profile from Python, with plain D-Bus and no library: prints its output, exits as it did.

usage: launch.py PROFILE PROGRAM [ARGUMENT...]

$BAILIFF_ADDRESS says where the broker is: any D-Bus address, also unix:path=/run/bailiff/broker, where no bus is
needed. Needs python3-dbus.
"""
import os
import sys

import dbus
import dbus.bus

NAME = 'org.bailiff.Broker1'
PATH = '/org/bailiff/Broker1'


def connect():
    address = os.environ.get('BAILIFF_ADDRESS')
    return dbus.bus.BusConnection(address) if address else dbus.SystemBus()


def copy_output(fd):
    with os.fdopen(fd, 'rb', buffering=0) as stream:
        while chunk := stream.read(65536):
            sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    bus = connect()
    manager = dbus.Interface(bus.get_object(NAME, PATH, introspect=False), NAME + '.Manager')
    stdio = dbus.Dictionary({dbus.UInt32(1): 'pipe'}, signature='us')
    try:
        path, _pidfd, streams, _info = manager.LaunchSandboxed(
            sys.argv[1], sys.argv[2:], dbus.Dictionary({}, signature='ss'), dbus.Dictionary({}, signature='uh'),
            dbus.Dictionary({'stdio': stdio}, signature='sv'), signature='sasa{ss}a{uh}a{sv}')
        copy_output(streams[1].take())
        sandbox = dbus.Interface(bus.get_object(NAME, path, introspect=False), NAME + '.Sandbox')
        result, code, signal, _usage = sandbox.Wait()
    except dbus.DBusException as e:
        sys.exit(f'launch.py: {e.get_dbus_name()}: {e.get_dbus_message()}')
    if result not in ('success', 'exit-code'):
        print(f'launch.py: {result}', file=sys.stderr)
    sys.exit(128 + signal if signal else code)


main()
