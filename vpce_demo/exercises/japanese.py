"""What hints say of the rules of the diagnosis in Japanese; in English they take the rules' own words."""

from __future__ import annotations

from collections.abc import Mapping

from ..verify.diagnosis.table import About

SUBJECTS: Mapping[About, str] = {
    About.ACCEPTANCE: "接続の承認",
    About.HEALTH: "ターゲットのヘルスチェック",
    About.ZONES: "アベイラビリティーゾーン",
    About.ROUTES: "ルート",
    About.PUBLIC_ACCESS: "VPC のブロックパブリックアクセス",
    About.ACLS: "ネットワーク ACL",
    About.ENDPOINT_GROUP: "エンドポイントのセキュリティグループ",
    About.BALANCER_GROUPS: "ロードバランサーのセキュリティグループ",
    About.CUSTOMER_GROUP: "カスタマー側のセキュリティグループ",
    About.KEYS: "キーペア",
    About.PEERING: "VPC ピアリング",
    About.INSTANCES: "インスタンスの状態",
    About.DIFFERENCES: "変更された設定",
    About.PARTS: "足りないリソース",
    About.PERMISSIONS: "エンドポイントサービスの許可",
    About.SERVICES: "ほかのエンドポイントサービス",
    About.INTERFACES: "ネットワークインターフェイス",
    About.PAGE: "ページの内容",
    About.SSH: "手元の ssh クライアント",
    About.NETWORK: "手元のネットワーク",
}
CONFIRMED_BY: Mapping[str, str] = {
    "service-not-found": "サービスの許可プリンシパルとリージョン(プロバイダー側で確認)",
    "no-common-zone": "両側のゾーン",
    "not-accepted": "サービスへの接続の一覧",
    "endpoint-unusable": "サービスへの接続の一覧と、エンドポイントの最後のエラー",
    "endpoint-pending": "エンドポイントのステータス",
    "endpoint-group-closed": "そのグループのルール",
    "no-way-out": "そのグループのアウトバウンドルール",
    "balancer-groups-closed": "ロードバランサーの属性と、グループのルール",
    "public-access-blocked": "VPC またはアカウントのブロックパブリックアクセスの設定",
    "acl-return-ports": "カスタマー、エンドポイント、ロードバランサーの各サブネットのネットワーク ACL",
    "nothing-listens": "ターゲットの状態とヘルスチェックの対象、Web サーバーのコンソール出力",
    "other-page": "デモ ID と、届いたページ",
    "targets-initial": "状態の理由と、Web サーバーの起動からの時間",
    "targets-unhealthy": "ヘルスチェックの理由と、グループのルール",
    "targets-unused": "リスナーとゾーン",
    "something-differs": "チュートリアルで値が決まっているすべての設定",
    "ssh-hangs": "インスタンスとそのルートテーブル、セキュリティグループ",
    "ssh-denied": "インスタンスのキーペアと、記録されているキーペア",
    "other-way-in": "カスタマー側のルートテーブル",
    "instance-stopped": "両方のインスタンスの状態",
    "part-missing": "タグで探したすべてのリソース",
    "balancer-in-use": "ロードバランサーを使っているエンドポイントサービス",
    "interfaces-left": "VPC に残っているものと、デモのリソースを参照しているルールやルート",
}
