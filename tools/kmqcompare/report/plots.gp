set encoding utf8
set border 3 lc rgb '#000000' lw 1
set tics nomirror scale 0.5
set grid xtics ytics lc rgb '#0a0a0a' lw 0.6 dt 1
set pointsize 0.75
set lmargin at screen 0.165
set rmargin at screen 0.965
set xlabel offset 0,0.4
set ylabel offset 1.2,0
