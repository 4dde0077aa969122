-> harbor

=== harbor
#dink
// VO: tired, at the end of a long night
KEEPER: (worried) The light went out at midnight. #id:harbor_K001
MIRA (V.O.): You were asleep again. #id:harbor_M001
* [KEEPER: Say something. #id:harbor_K002]
- MIRA: Take it, and do not drop it. #id:harbor_M002 #vo:loud
The sea answers for both of them. #id:harbor_A001
-> END
