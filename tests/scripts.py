"""User data as people write it: the tutorial's own script, and those of public stacks."""

from __future__ import annotations

from dataclasses import dataclass

TUTORIAL = """\
#!/bin/bash
sudo su

yum update -y

yum install httpd -y

systemctl start httpd

systemctl enable httpd

echo "<html><h1> Welcome to Hangyuzs Server 1 </h1><html>" >> /var/www/html/index.html

systemctl restart http
"""
"""Step 6 of the tutorial, word by word: the unit ``http`` does not exist, and ``<html>`` is never closed."""

HTTPD = """\
#!/bin/bash -xe
exec > >(tee /var/log/user-data.log|logger -t user-data -s 2>/dev/console) 2>&1
yum update -y
yum install -y httpd.x86_64
systemctl enable --now httpd.service
usermod -a -G apache ec2-user
chown -R ec2-user:apache /var/www
chmod 2775 /var/www
TOKEN=$(curl -s -X PUT "http://169.254.169.254/latest/api/token" -H "X-aws-ec2-metadata-token-ttl-seconds: 21600")
META=http://169.254.169.254/latest/meta-data
INSTANCE_ID=$(curl -s -H "X-aws-ec2-metadata-token: $TOKEN" $META/instance-id)
AZ=`curl -s -H "X-aws-ec2-metadata-token: $TOKEN" ${META}/placement/availability-zone`
cat <<EOF > /var/www/html/index.html
<html>
<h1>Hello from $(hostname -f)</h1>
<p>$INSTANCE_ID in ${AZ:-nowhere}</p>
</html>
EOF
"""

NGINX = """\
#!/usr/bin/env bash
set -euo pipefail

amazon-linux-extras install -y nginx1
if [ ! -d /usr/share/nginx/html/app ]; then
  sudo mkdir -p /usr/share/nginx/html/app
fi
cat > /tmp/page.html <<'EOF'
<h1>__TITLE__ costs $5</h1>
EOF
sed -i "s/__TITLE__/nginx on $(curl -s http://169.254.169.254/latest/meta-data/local-ipv4)/g" /tmp/page.html
sudo cp /tmp/page.html /usr/share/nginx/html/app/index.html
echo "<h1>moved</h1>" | sudo tee /usr/share/nginx/html/index.html > /dev/null
mv /usr/share/nginx/html/app/index.html /usr/share/nginx/html/index.html
sed -i 's/listen       80;/listen 8080;/' /etc/nginx/nginx.conf
for unit in nginx; do
  service $unit start && chkconfig $unit on
done
"""

PYTHON = """\
#!/bin/sh
dnf install -y python3
mkdir -p /srv/web && cd /srv/web
printf '<h1>%s</h1>\\n' "python on $(hostname -I)" >> index.html
nohup python3 -m http.server 8000 > /var/log/web.log 2>&1 &
"""


@dataclass(frozen=True)
class Stack:
    """A script, the port on which its web server listens, and what its page must hold."""

    script: str
    port: int
    page: tuple[str, ...]


STACKS = {
    "tutorial": Stack(TUTORIAL, 80, ("<html><h1> Welcome to Hangyuzs Server 1 </h1><html>\n",)),
    "httpd": Stack(HTTPD, 80, ("<h1>Hello from ip-20-0-1-", ".ec2.internal</h1>", "<p>i-", " in us-east-1a</p>")),
    "nginx": Stack(NGINX, 8080, ("<h1>nginx on 20.0.1.", " costs $5</h1>")),
    "python": Stack(PYTHON, 8000, ("<h1>python on 20.0.1.",)),
}
