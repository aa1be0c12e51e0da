"""Every error that the program tells, by its code: what it means, why it is met, what to do, and the exit code.

``docs/errors.md`` is written from this table, and ``explain VPCE012`` prints a row.  The table is append-only: no code
is ever used for another error, and an error that is told no more keeps its row, with "none" as its exit code.
"""

from __future__ import annotations

from typing import NamedTuple


class ErrorRow(NamedTuple):
    """An error; the texts are Markdown."""

    code: str
    exit_code: str
    title: str
    meaning: str
    what_to_do: str

    @property
    def text(self) -> str:
        """The row as Markdown, without code and title."""
        return f"{self.meaning}\n\n**What to do:** {self.what_to_do}\n\nExit code: {self.exit_code}.\n"


# fmt: off
ERRORS = (
    ErrorRow(
        "VPCE001", "2", "The command line is not valid",
        "A command, an option or a value on the command line is not known, is missing, or does not go with "
        "another one.",
        "The message names it, and the nearest valid word. `vpce-demo COMMAND --help` lists what the command "
        "takes.",
    ),
    ErrorRow(
        "VPCE002", "130 or 143", "Interrupted",
        "Ctrl-C (130) or SIGTERM (143) ended the command. Calls in progress were completed and recorded.",
        "Run the same command again: it continues. Or delete everything: `vpce-demo down`.",
    ),
    ErrorRow(
        "VPCE003", "3", "Cancelled",
        "The answer to the command's question was no, or was not the name that it asked for.",
        "Nothing is to be done. `--yes` answers beforehand, and `down --confirm NAME` gives the name.",
    ),
    ErrorRow(
        "VPCE004", "5", "Confirmation is needed, and there is no terminal",
        "The command asks before it creates or deletes something on AWS, and its input is not a terminal: in a "
        "script, in CI.",
        "Answer beforehand with the option that the message names.",
    ),
    ErrorRow(
        "VPCE005", "1", "A file or the machine refused",
        "The operating system refused to open, read or write a file, or ran out of something.",
        "Correct what the message names (permissions, space, the path), then repeat the command.",
    ),
    ErrorRow(
        "VPCE006", "1", "The output could not be written",
        "The disk is full, or what the output goes to is gone. The command itself did all of its work.",
        "Free some space. What was changed is on record: `vpce-demo status`, `vpce-demo logs`.",
    ),
    ErrorRow(
        "VPCE007", "2", "The query does not suit the document",
        "The JMESPath expression of `--query` applies a function to something that it is not for.",
        "See the whole document with `-o json`, then correct the expression.",
    ),
    ErrorRow(
        "VPCE008", "2", "There is no config file",
        "The file that `--config` or `VPCE_DEMO_CONFIG` names is not there.",
        "Correct the name, or write one: `vpce-demo init FILE`.",
    ),
    ErrorRow(
        "VPCE009", "2", "The config file cannot be read",
        "The system refused to open the config file, or it is not a text file in UTF-8, or too large.",
        "Correct what the message names.",
    ),
    ErrorRow(
        "VPCE010", "2", "The config file is not valid YAML",
        "The config file cannot be taken apart. The message gives line and column.",
        "Correct it there. `vpce-demo init FILE` writes a valid one to compare with.",
    ),
    ErrorRow(
        "VPCE011", "2", "A setting is not valid",
        "A setting, in the config file or as an option, is not known, or its value is not one that it can have.",
        "The message names the setting, its place, and the nearest valid name. `vpce-demo init --show` prints "
        "every setting and where it comes from.",
    ),
    ErrorRow(
        "VPCE012", "5", "The config file in this directory belongs to another user",
        "`./vpce-demo.yaml` is used without being named, but not if somebody else wrote it.",
        "If you trust it, name it with `--config`.",
    ),
    ErrorRow(
        "VPCE013", "2", "There is such a file already",
        "The command writes a new file, and never over one that exists.",
        "Give another name.",
    ),
    ErrorRow(
        "VPCE014", "2", "There is no completion for this shell",
        "`completion` knows bash, zsh, fish and PowerShell.",
        "Name one of them.",
    ),
    ErrorRow(
        "VPCE015", "2", "There are no texts in this language",
        "The texts are in English (`en`) and Japanese (`ja`).",
        "Name one of them with `--lang` or `VPCE_DEMO_LANG`, or neither.",
    ),
    ErrorRow(
        "VPCE016", "2", "There is no such topic or step",
        "`explain` and `walkthrough` know the topics and the tutorial's steps.",
        "`vpce-demo explain` lists the topics.",
    ),
    ErrorRow(
        "VPCE017", "2", "No AWS region is set",
        "Neither an option, nor the environment, nor the AWS profile names a region.",
        "Give one with `--region`, or set it for good: `aws configure`.",
    ),
    ErrorRow(
        "VPCE018", "2", "The AWS region does not exist",
        "No region has this name.",
        "Correct it: `--region`, `AWS_REGION`, `region:` in the config file, or the profile.",
    ),
    ErrorRow(
        "VPCE019", "2", "The region is not enabled for the account",
        "Newer regions have to be enabled in each account.",
        "Enable it with the command that the message names, which takes a few minutes, or choose another region.",
    ),
    ErrorRow(
        "VPCE020", "2", "There is no such AWS profile",
        "Neither `~/.aws/config` nor `~/.aws/credentials` has a profile of this name.",
        "`aws configure list-profiles` lists those of this machine.",
    ),
    ErrorRow(
        "VPCE021", "2", "The AWS settings of this machine cannot be used",
        "A file of the AWS CLI, or a variable `AWS_*`, has a value that botocore does not take.",
        "Correct what the message names.",
    ),
    ErrorRow(
        "VPCE022", "2", "There is no such SSM parameter for the image",
        "`image_parameter` names a parameter that is not there in this region.  If the config file does not set it, "
        "the region has no image of Amazon Linux under the usual name.",
        "Correct it in the config file, or leave it out: then the usual one is taken.  If it is not set, take another "
        "region, or name a parameter of your own.",
    ),
    ErrorRow(
        "VPCE023", "5", "The SSM parameter does not name an image",
        "The value of the parameter that `image_parameter` names is not the id of an image. It is not shown, "
        "since it may be a secret.",
        "Leave `image_parameter` out of the config file, or name a parameter that holds an image's id.",
    ),
    ErrorRow(
        "VPCE024", "5", "The image is not laid out like Amazon Linux",
        "The image starts from another root device, so its volume could neither be encrypted nor deleted with the"
        " instance.",
        "Leave `image_parameter` out of the config file, or name an image of Amazon Linux.",
    ),
    ErrorRow(
        "VPCE025", "5", "The instance type cannot run the image",
        "The image is for another processor than the instance type has (x86_64 or arm64).",
        "Leave `image_parameter` out, and the image suits the type; or set another `instance_type`.",
    ),
    ErrorRow(
        "VPCE026", "4", "There are no AWS credentials",
        "Nothing on this machine gives credentials for AWS.",
        "Sign in: `aws sso login` or `aws configure`. Without an account: `vpce-demo --sandbox up`.",
    ),
    ErrorRow(
        "VPCE027", "4", "The AWS credentials are incomplete",
        "One of the two keys is set and the other is not.",
        "Set both, or neither and sign in.",
    ),
    ErrorRow(
        "VPCE028", "4", "A credential has a character that it cannot have",
        "A key or a token, in a variable or a file, is not a text, or has a space, a line feed or another "
        "character that AWS never puts there.",
        "Copy it again. The message names where it is; it never shows it.",
    ),
    ErrorRow(
        "VPCE029", "4", "The AWS sign-in has expired",
        "The session of the profile is over, or this machine's clock is far from AWS's.",
        "Sign in with the command that the message names, then repeat the command: it continues.",
    ),
    ErrorRow(
        "VPCE030", "4", "The AWS sign-in cannot be used",
        "What gives the credentials (SSO, a role, a process) failed. The message has its words.",
        "Sign in again, or correct what the message names.",
    ),
    ErrorRow(
        "VPCE031", "4", "You may not renew the AWS sign-in",
        "The identity lacks `signin:CreateOAuth2Token`, with which `aws login` renews a session.",
        "Ask for it: AWS's policy SignInLocalDevelopmentAccess allows it.",
    ),
    ErrorRow(
        "VPCE032", "4", "The session of the role has expired, and its MFA device was asked already",
        "A command asks for the code of an MFA device once at most.",
        "Repeat the command: it asks for a new code, and continues.",
    ),
    ErrorRow(
        "VPCE033", "4", "A package for this way of signing in is missing",
        "Profiles of `aws login` need `botocore[crt]`.",
        "Install it: the message has the command. Then repeat yours.",
    ),
    ErrorRow(
        "VPCE034", "4", "AWS did not accept the code of the MFA device",
        "Codes are valid for half a minute, and AWS takes each only once.",
        "Wait for the next code, then repeat the command.",
    ),
    ErrorRow(
        "VPCE035", "4", "AWS could not check the code of the MFA device",
        "The device that `mfa_serial` names is not one of this user's.",
        "Correct `mfa_serial` in the profile.",
    ),
    ErrorRow(
        "VPCE036", "4", "The code of the MFA device cannot be asked for",
        "The role's profile has an MFA device, and there is no terminal to type its code on.",
        "Sign in with the AWS CLI on a terminal: the session is shared.",
    ),
    ErrorRow(
        "VPCE037", "4", "That is not the code of an MFA device",
        "A code has six digits.",
        "Repeat the command, and type it.",
    ),
    ErrorRow(
        "VPCE038", "4", "AWS does not accept the web identity token",
        "The token of `AWS_WEB_IDENTITY_TOKEN_FILE` has expired, or its issuer is not trusted.",
        "Get a new token, or sign in in another way.",
    ),
    ErrorRow(
        "VPCE039", "4", "AWS gives no sessions in this region to this account",
        "The region is not activated for STS in the account.",
        "An administrator activates it in the IAM console (Account settings); or choose another region.",
    ),
    ErrorRow(
        "VPCE040", "4", "This machine's clock is wrong",
        "AWS accepts requests only if they are signed within five minutes of its own time.",
        "Set the clock, best by NTP: `timedatectl set-ntp true`.",
    ),
    ErrorRow(
        "VPCE041", "4", "AWS does not know the region for the account, or the keys are wrong",
        "AWS answers AuthFailure in both cases.",
        "`aws sts get-caller-identity` checks the keys; see whether the region is enabled for the account.",
    ),
    ErrorRow(
        "VPCE042", "4", "AWS does not accept the sign-in",
        "AWS does not know the key, or the signature does not belong to it. Keys of GovCloud, of China and of the"
        " European sovereign cloud are known in their own regions only.",
        "Sign in again, or name the right profile and region.",
    ),
    ErrorRow(
        "VPCE043", "4", "AWS does not let you sign in",
        "The call that gives the session was refused: the role may not be taken on, or not for as long as the "
        "profile says.",
        "Correct the role in the profile, or ask whoever manages it.",
    ),
    ErrorRow(
        "VPCE044", "1", "The image is sold in the AWS Marketplace",
        "The account has not accepted the terms of the image.",
        "Accept them at the address that AWS names, or leave `image_parameter` out.",
    ),
    ErrorRow(
        "VPCE045", "4", "The account is not activated for a service",
        "A new account is activated once its telephone number and payment method are confirmed, in up to 24 "
        "hours.",
        "See what is missing in the billing console. What exists is billed meanwhile.",
    ),
    ErrorRow(
        "VPCE046", "4", "AWS is still verifying the account",
        "AWS launches no instance for a new account in a region before that.",
        "Wait for AWS's email, usually minutes; after 4 hours open a case. What exists is billed meanwhile.",
    ),
    ErrorRow(
        "VPCE047", "4", "AWS has blocked the account",
        "AWS launches no instance for it.",
        "Only AWS can lift that: open a case.",
    ),
    ErrorRow(
        "VPCE048", "4", "The account is closed or suspended",
        "AWS answers AccountDisabled.",
        "Its root user can open a case.",
    ),
    ErrorRow(
        "VPCE049", "1", "AWS does not let the account create load balancers",
        "This holds for some new accounts. It is neither a missing permission nor a quota.",
        "Only AWS can lift it: open a case. What exists is billed meanwhile.",
    ),
    ErrorRow(
        "VPCE050", "1", "The quota of vCPUs is too small",
        "The demo has two instances of two vCPUs each, and the account's quota has no room for them.",
        "Stop instances that are not needed, or ask for more. `vpce-demo doctor` has the command.",
    ),
    ErrorRow(
        "VPCE051", "1", "A quota of the account is reached",
        "AWS refused to create one more of a kind.",
        "Delete what is not needed, or ask for more in the Service Quotas console.",
    ),
    ErrorRow(
        "VPCE052", "5", "There is no room for what the demo needs",
        "`up` counts before it creates anything: the account's quota would be exceeded.",
        "Delete what is not needed, take another region, or ask for more in the Service Quotas console.",
    ),
    ErrorRow(
        "VPCE053", "5", "VPC Block Public Access closes the internet gateways",
        "The account, or its organization, blocks what the demo needs for ssh and for installing the web server.",
        "Take another region, or do what the message says.",
    ),
    ErrorRow(
        "VPCE054", "1", "The free plan does not take the image",
        "An account on the free plan may use Amazon Linux and a few others.",
        "Leave `image_parameter` out.",
    ),
    ErrorRow(
        "VPCE055", "1", "The free plan does not take the instance type",
        "An account on the free plan may use t3.micro, t3.small, t4g.micro and a few others.",
        "Set `instance_type: t3.micro`, after `vpce-demo down`.",
    ),
    ErrorRow(
        "VPCE056", "1", "An account on the free plan may not do this",
        "AWS answers FreeTierRestrictionError.",
        "Upgrade the account to the paid plan; its credits stay.",
    ),
    ErrorRow(
        "VPCE057", "1", "The organization's tag policy does not allow the tags",
        "AWS names the tags.",
        "Correct those under `tags:` in the config file. For `vpce-demo:*` and `Name`, ask whoever manages the "
        "policy.",
    ),
    ErrorRow(
        "VPCE058", "1", "A permission is missing",
        "AWS refused a call: no policy allows it, or one denies it. The message names the action, the resource, "
        "and the policy if AWS tells it.",
        "Ask for the permission: `vpce-demo iam-policy` prints all that are needed. A denial from above (an SCP, "
        "a boundary) is lifted only by whoever manages that.",
    ),
    ErrorRow(
        "VPCE059", "1", "AWS's certificate could not be checked",
        "Mostly a proxy that opens connections and shows a certificate of its own.",
        "Name its certificate in `AWS_CA_BUNDLE`.",
    ),
    ErrorRow(
        "VPCE060", "1", "The answer is not a valid answer of AWS",
        "A proxy or a portal (a company's, a hotel's) answered in AWS's place, or cut the answer off.",
        "Sign in at the portal with a web browser, or use another network, then repeat the command: it continues.",
    ),
    ErrorRow(
        "VPCE061", "1", "AWS cannot be reached",
        "No connection to AWS came about: no network, a firewall, a proxy, a wrong region.",
        "Check the network and the region, then repeat the command: it continues.",
    ),
    ErrorRow(
        "VPCE062", "1", "AWS throttles the requests",
        "Others are busy in this account and region, and the repetitions were not enough.",
        "Wait a minute, then repeat the command: it continues.",
    ),
    ErrorRow(
        "VPCE063", "1", "AWS failed at a call",
        "AWS answered with an error of its own, again and again.",
        "It is temporary. Wait a minute, then repeat the command: it continues.",
    ),
    ErrorRow(
        "VPCE064", "1", "AWS refused a call",
        "AWS answered with an error code for which there is no advice here. The message has AWS's words.",
        "Do as AWS says. If it is not clear why, `vpce-demo support` collects what others need to help.",
    ),
    ErrorRow(
        "VPCE065", "1", "A call to AWS failed",
        "botocore, which makes the calls, raised an error for which there is no advice here. The message has its "
        "words.",
        "Do as it says. If it is not clear why, `vpce-demo support` collects what others need to help.",
    ),
    ErrorRow(
        "VPCE066", "1 or 5", "The zone does not offer the instance type",
        "Not every zone has every type of instance.",
        "Leave `zone` out and one is chosen, or set another `zone` or `instance_type`.",
    ),
    ErrorRow(
        "VPCE067", "5", "No zone of the region offers the instance type",
        "Both instances have to be in one zone. With two regions the provider needs two zones, and the consumer one.",
        "Set another `instance_type` or region.",
    ),
    ErrorRow(
        "VPCE068", "1", "AWS has no capacity in the zone",
        "AWS has no free machine of the instance type there at the moment.",
        "Wait a while and repeat the command, or set another `zone` or `instance_type` after `vpce-demo down`.",
    ),
    ErrorRow(
        "VPCE069", "1", "AWS could not use the volume's key",
        "The instance ended, or did not start, since its volume could not be decrypted: the image is encrypted "
        "with a key that is disabled or not allowed.",
        "Leave `image_parameter` out, or ask whoever manages the key.",
    ),
    ErrorRow(
        "VPCE070", "1", "The image cannot be used here",
        "It belongs to another region, or the account allows certain images only.",
        "Set another `image_parameter`, or leave it out.",
    ),
    ErrorRow(
        "VPCE071", "1", "This machine's public address could not be found",
        "ssh is opened to this address alone, and the service that tells it did not answer.",
        "Set it in the config file: `ssh_from: 198.51.100.7/32`.",
    ),
    ErrorRow(
        "VPCE072", "5", "The two regions are in different partitions",
        "PrivateLink connects regions of one partition only: not those of China, say, with the rest of the world.",
        "Take another region for one side (`--provider-region`, `--consumer-region`).",
    ),
    ErrorRow(
        "VPCE073", "1", "AWS could not create a resource, or ended it",
        "The resource is in a state from which it does not become ready. The message has AWS's reason.",
        "Run `up` again: it replaces what cannot be used. If the reason stays, correct it first.",
    ),
    ErrorRow(
        "VPCE074", "1", "AWS still has a resource as it was",
        "`up` changed it back, AWS answered that it did, and shows the old value still. Somebody else, or a tool,"
        " may change it again.",
        "Find out who changes it, then run `up` again.",
    ),
    ErrorRow(
        "VPCE075", "8", "Something was not ready, or not gone, in time",
        "A wait came to its end: that of `--timeout`, or the longest that is sensible.",
        "Run the command again: it continues. `vpce-demo status` shows what is still pending.",
    ),
    ErrorRow(
        "VPCE076", "5", "The state belongs to another account or region",
        "The demo on record was created with other credentials, or in another region.",
        "Use those that the message names, or give the new demo another `--name`.",
    ),
    ErrorRow(
        "VPCE077", "5", "The settings differ from those of the demo",
        "A demo keeps the settings that it was created with.",
        "Go back to the old ones, or delete the demo first; or give it another `--name`.",
    ),
    ErrorRow(
        "VPCE078", "5", "The state file is another demo's",
        "The state file names another demo, or does not say whose it is, or contradicts itself: it was copied or "
        "edited.",
        "Put it aside with the command that the message names: AWS knows the demo by its tags.",
    ),
    ErrorRow(
        "VPCE079", "1", "The state file cannot be used",
        "It is damaged, cannot be read, or is from another version.",
        "Put it aside with the command that the message names: AWS knows the demo by its tags.",
    ),
    ErrorRow(
        "VPCE080", "1", "The state file cannot be written",
        "What cannot be recorded is not done, so the command stopped.",
        "Free some space, or mend the permissions, then run the command again: it continues.",
    ),
    ErrorRow(
        "VPCE081", "1", "A directory cannot be made or written to",
        "The demo keeps its files in `./.vpce-demo`, and that is not possible here.",
        "Use another place: `--state-dir DIR`.",
    ),
    ErrorRow(
        "VPCE082", "9", "Another run of the demo is at work",
        "Two commands that change the same demo would disturb each other.",
        "Wait until the other one, which the message names, has finished. `status` can be used meanwhile.",
    ),
    ErrorRow(
        "VPCE083", "5", "The demo exists, but there is no record of it here",
        "A demo of this name is in the account, and this directory has neither its state file nor its key nor its"
        " logs. It may be somebody else's.",
        "`vpce-demo adopt` takes it over; `--name` makes another one beside it. One side of a demo (`--side`) is not"
        " offered the other person's.",
    ),
    ErrorRow(
        "VPCE084", "5", "Several demos have the name, or none has the id",
        "The account holds more than one demo of this name.",
        "Say which one: `adopt --id ID`.",
    ),
    ErrorRow(
        "VPCE085", "5", "The demo on record here is another one",
        "`adopt --id` names a demo, and this directory has the record of another.",
        "Put the record aside with the command that the message names.",
    ),
    ErrorRow(
        "VPCE086", "5", "Somebody has taken over the demo",
        "Its tags name another owner by now (`adopt`).",
        "Make a demo of your own: `vpce-demo up --name another-name`.",
    ),
    ErrorRow(
        "VPCE087", "5", "A name is taken by something that is not part of the demo",
        "`up` creates nothing beside a resource of the same name that is somebody else's.",
        "Choose another `--name`, or other names in the config file, or remove it if it is yours.",
    ),
    ErrorRow(
        "VPCE088", "5", "Nothing shows that a resource on record is the demo's",
        "Its tags are gone, and the record alone proves nothing.",
        "If it is the demo's, give its tags back with the command that the message names; if not, choose another "
        "`--name`.",
    ),
    ErrorRow(
        "VPCE089", "5", "A resource exists several times",
        "A create call was carried out twice, or somebody copied the tags.",
        "Remove them all: `vpce-demo down`.",
    ),
    ErrorRow(
        "VPCE090", "5", "A file belongs to another user",
        "Mostly an earlier run with sudo.",
        "Take the files back with the command that the message names, or use another `--state-dir`.",
    ),
    ErrorRow(
        "VPCE091", "1", "Something else stands in the place of a file",
        "A link, a pipe, a device or a directory is where the program keeps a file of its own. It is not touched.",
        "Put it aside with the command that the message names.",
    ),
    ErrorRow(
        "VPCE092", "5", "Others may write to a file or directory of the demo",
        "Whoever writes to it decides what the program does.",
        "Close it to them with the command that the message names.",
    ),
    ErrorRow(
        "VPCE093", "1", "The file system keeps no permissions",
        "Windows drives, FAT and some network shares do not: every user could read the key.",
        "Use a directory on another file system: `--state-dir DIR`.",
    ),
    ErrorRow(
        "VPCE094", "1", "The ssh key can be read by others",
        "ssh refuses such a key.",
        "`chmod 600` it, as the message says.",
    ),
    ErrorRow(
        "VPCE095", "5", "It is too early for the command",
        "What the command needs does not exist yet.",
        "Run first what the message names.",
    ),
    ErrorRow(
        "VPCE096", "5", "Something that is needed does not exist",
        "AWS lists something no more, or not yet.",
        "Run `vpce-demo up`: it creates what is missing. `vpce-demo status` shows what is there.",
    ),
    ErrorRow(
        "VPCE097", "5", "There is nothing to report yet",
        "Neither a run is on record nor anything of the demo exists.",
        "Run `vpce-demo up` first.",
    ),
    ErrorRow(
        "VPCE098", "5", "There is no such run on record",
        "The newest 20 runs are kept.",
        "`vpce-demo logs` lists them.",
    ),
    ErrorRow(
        "VPCE099", "5", "Nothing in AWS has the demo's tags",
        "`adopt` finds a demo by its tags, in this account and region, and with `--by-hand` by its shape.",
        "Name another account, region or `--name`. `vpce-demo check` says what there is of one that was built by hand.",
    ),
    ErrorRow(
        "VPCE100", "7", "The delete left resources behind",
        "The message lists each with the reason why it did not go.",
        "Do what the message says, then run `down` again: it continues.",
    ),
    ErrorRow(
        "VPCE101", "7", "A resource is in use by something that is not part of the demo",
        "AWS does not delete it as long as that is so.",
        "Remove what uses it with the commands that the message names, then run `down` again.",
    ),
    ErrorRow(
        "VPCE102", "6", "A check of the test failed",
        "One of the eight checks of `test` failed. Below it stand the most likely cause, its evidence and the "
        "repair ([diagnosis.md](diagnosis.md)).",
        "Do what the diagnosis says, then test again.",
    ),
    ErrorRow(
        "VPCE103", "1", "The instance has no public address",
        "It is stopped, or its subnet gives none.",
        "Run `vpce-demo up`.",
    ),
    ErrorRow(
        "VPCE104", "1", "The demo's ssh key is not in this directory",
        "The key lies beside the state file, and was deleted, or the demo was created elsewhere.",
        "`vpce-demo up` makes a new key and new instances; `sandbox ssh --key` takes another one.",
    ),
    ErrorRow(
        "VPCE105", "1", "ssh-keygen could not make a key",
        "The message has its words.",
        "Do what the message says.",
    ),
    ErrorRow(
        "VPCE106", "1", "A program is not on this machine",
        "The demo uses `ssh` and `ssh-keygen` of OpenSSH, and `sandbox curl` uses `curl`.",
        "Install it: `apt install openssh-client`, or `curl`.",
    ),
    ErrorRow(
        "VPCE107", "that of the command on the instance", "The command on the instance failed",
        "`vpce-demo ssh` ends with the exit code of the command that ran on the instance; 255 is ssh's own.",
        "See what the command printed.",
    ),
    ErrorRow(
        "VPCE108", "1", "The AWS CLI is not installed",
        "`sandbox aws` runs it.",
        "Install it; the message has AWS's page.",
    ),
    ErrorRow(
        "VPCE109", "5", "There is no terminal to read the pages on",
        "`walkthrough` asks before each step.",
        "`vpce-demo up` makes the demo without the pages, and `vpce-demo explain 1` prints one.",
    ),
    ErrorRow(
        "VPCE110", "2", "The sandbox has no price list",
        "Prices are AWS's, and with `--sandbox` AWS is not asked.",
        "Leave out `--sandbox`.",
    ),
    ErrorRow(
        "VPCE111", "1 or 2", "No price list has the prices",
        "AWS's Price List has none for this region, or not those that were asked for.",
        "Use the prices of the program, which have a date.",
    ),
    ErrorRow(
        "VPCE112", "1", "The prices cannot be kept",
        "The directory for them cannot be written to, or there is no home directory.",
        "Set HOME, or mend the permissions.",
    ),
    ErrorRow(
        "VPCE113", "1", "The sandbox does not start",
        "It ended while it was starting, or was not ready in time. The message has the end of its log.",
        "See its log: `vpce-demo sandbox logs`.",
    ),
    ErrorRow(
        "VPCE114", "1", "The sandbox's port cannot be used",
        "Another program listens on it, or the system does not allow it.",
        "Choose another with `--port` or `--proxy-port`, or leave it out: then a free one is taken.",
    ),
    ErrorRow(
        "VPCE115", "1", "The sandbox's parts are not installed",
        "It is built on packages that are installed only if they are asked for.",
        "Install them: the message has the command.",
    ),
    ErrorRow(
        "VPCE116", "1", "The sandbox does not run",
        "It has stopped, or was never started. What was in it is gone.",
        "`vpce-demo sandbox start`",
    ),
    ErrorRow(
        "VPCE117", "1", "The sandbox does not answer",
        "Its process lives, and cannot be reached on 127.0.0.1: it is stopped or stuck, in another container, or "
        "behind a firewall.",
        "Do what the message says. What is in it stands.",
    ),
    ErrorRow(
        "VPCE118", "1", "The sandbox refused a request",
        "A setting or a fault that it was asked for is not valid.",
        "Correct what the message names.",
    ),
    ErrorRow(
        "VPCE119", "5", "An exercise breaks a demo in the sandbox only",
        "Nothing is ever broken on AWS.",
        "Begin it in the sandbox: `vpce-demo --sandbox sandbox break --random`.",
    ),
    ErrorRow(
        "VPCE120", "5", "An exercise is open",
        "The demo is broken already.",
        "Solve it, or put the demo back: `vpce-demo sandbox break --undo`.",
    ),
    ErrorRow(
        "VPCE121", "5", "No exercise is open",
        "Hints and `--undo` are for an exercise that was begun.",
        "Begin one: `vpce-demo sandbox break --random`.",
    ),
    ErrorRow(
        "VPCE122", "1 or 8", "The exercise could not be set up",
        "The demo was not in the state that the exercise needs, or did not get into it in time.",
        "Put the demo back: `vpce-demo sandbox break --undo`.",
    ),
    ErrorRow(
        "VPCE123", "5", "The demo has only one side",
        "It was made with `--side`, and what the command makes or reaches is on the other side.",
        "The other person runs it, with their own sign-in. `vpce-demo status` shows what there is.",
    ),
    ErrorRow(
        "VPCE124", "5", "The endpoint service is in another partition",
        "The name of the service, which `--service-name` gave, has a region that PrivateLink does not connect with "
        "the consumer's.",
        "Take a region of the same partition, such as the one that the message names.",
    ),
    ErrorRow(
        "VPCE125", "5", "AWS does not show the endpoint service",
        "AWS answers `InvalidServiceName`: for a wrong name, for a service that does not let this account connect, and "
        "for one that cannot be reached from this region. It does not say which.",
        "Check the name, and ask the provider to let the account in (`up --side provider --consumer-account ACCOUNT`).",
    ),
    ErrorRow(
        "VPCE126", "5", "There is no sign-in for the other side",
        "The command knows one side of the demo, and something needs the other one.",
        "The other person runs it, with their own sign-in.",
    ),
    ErrorRow(
        "VPCE127", "5", "The exercise has no meaning in this demo",
        "A few causes exist only in one account, only between two, or only in one region. In one account the owner of "
        "a service may always connect; between two regions the zones need not match. Others break a chapter, or the "
        "tutorial, which the demo does not have.",
        "Take the exercise, or make the demo beside this one, that the message names.",
    ),
    ErrorRow(
        "VPCE128", "2", "The demo has no such customer",
        "The number after `--customer` is not one of its customers, or that one was taken away.",
        "Take one of those that the message names; `vpce-demo status` shows them.",
    ),
    ErrorRow(
        "VPCE129", "5", "Asking for fewer customers deletes none",
        "`--customers`, or `customers:` in the config file, is less than the number of a customer that is there.",
        "Take them away one by one: `vpce-demo down --customer 2`. Or ask for as many as there are.",
    ),
    ErrorRow(
        "VPCE130", "5", "The only customer cannot be taken away",
        "`down --customer` deletes one of several. Without any customer it is not the tutorial any more.",
        "Delete all of it: `vpce-demo down`.",
    ),
    ErrorRow(
        "VPCE131", "2", "The endpoint has not asked to connect",
        "The service has no request of an endpoint with this id. A new one may take some seconds to be listed.",
        "See who has asked: `vpce-demo accept --list`.",
    ),
    ErrorRow(
        "VPCE132", "5", "The consumer alone does not know the service",
        "`up --side consumer` needs the name of the provider's endpoint service, and nothing tells it.",
        "Add `--service-name`: the provider's `up` prints the whole command.",
    ),
    ErrorRow(
        "VPCE133", "5", "The directory holds other files",
        "`export` writes files of fixed names, and takes a directory that holds nothing else, but for its tool's own.",
        "Name a directory of its own: `--to DIR`.",
    ),
    ErrorRow(
        "VPCE134", "2", "What check is to look at is not there",
        "`check --vpc` or `--service` names something that AWS does not list in this account and region.",
        "See what there is: `vpce-demo check`, without it.",
    ),
    ErrorRow(
        "VPCE135", "5", "The pages have no commands for it",
        "`export aws-cli` writes the commands of the tutorial's pages: both sides, one customer and no chapter.",
        "Leave out `--chapter`, `--side` and `--customers`, or export `terraform` or `cloudformation`.",
    ),
    ErrorRow(
        "VPCE136", "5", "Two VPCs fit",
        "`adopt --by-hand` takes nothing of which it is not sure, and two VPCs have the tutorial's addresses.",
        "Say which one is meant: `adopt --by-hand --vpc ID`.",
    ),
    ErrorRow(
        "VPCE137", "5", "Another demo has the name",
        "`adopt --by-hand` makes a demo of its own, and one of this name stands already that was not built by hand, or"
        " that somebody else has.",
        "Add `--name` with another name.",
    ),
    ErrorRow(
        "VPCE138", "2", "The file is not a private key",
        "`adopt --key` copies a private key that ssh can use without a passphrase.",
        "Name the `.pem` file that AWS gave you, or a copy of your key without a passphrase.",
    ),
    ErrorRow(
        "VPCE139", "5", "The demo has an ssh key already",
        "`up` made instances after the demo was adopted, and they know its own key, not the one that `--key` names.",
        "Log in to your own instance with `ssh -i FILE`.",
    ),
    ErrorRow(
        "VPCE140", "1", "A sandbox is running already",
        "`sandbox run` begins a new one, and each state directory has one.",
        "Stop it: `vpce-demo sandbox stop`. Or name another directory: `--state-dir`.",
    ),
    ErrorRow(
        "VPCE141", "2", "Not one instance of the sandbox is meant",
        "`sandbox ssh` names an instance by its id, its Name tag or an address. None that runs has it, or several do.",
        "Take an id that the message names. In another account or region: `--profile`, `--region` before `sandbox`.",
    ),
    ErrorRow(
        "VPCE142", "5", "The other side is in another account or region",
        "`adopt --by-hand` takes both sides, and an endpoint leads to an account or a region that was not looked at.",
        "Name it with the option that the message names. One side alone is taken with `--vpc ID`.",
    ),
)
# fmt: on
