# Before unpacking: the user and the groups.
getent group cidrx >/dev/null || groupadd -r cidrx
getent group cidrx-read >/dev/null || groupadd -r cidrx-read
getent passwd cidrx >/dev/null || useradd -r -g cidrx -d /var/lib/cidrx -M -s /sbin/nologin -c "cidrx agent" cidrx
exit 0
