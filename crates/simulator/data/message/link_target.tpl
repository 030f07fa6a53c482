https://{{host}}/2026/{{01..12}}/{{short}}?from=birds&n={{0..65535}}
