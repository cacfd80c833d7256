/* report/figure.h: figures by gnuplot. Rank 0 only. */
#ifndef THALWEG_REPORT_FIGURE_H
#define THALWEG_REPORT_FIGURE_H

#include <thalweg/core.h>

/* Whether gnuplot can be called and has the svg and pngcairo terminals; TW_IO with one line that says what to install,
 * and that the data alone can be had without figures. */
tw_status tw_figure_check(void);
/* Writes folder/NAME.gp with this text and runs `gnuplot NAME.gp` in folder (no shell in between); the script reads CSV
 * files beside it and must leave NAME.svg and NAME.png. Files that are there and newer than the script's data are drawn
 * anew all the same. TW_IO with gnuplot's first line of complaint, TW_INTERRUPTED when a signal to stop (from the
 * terminal, say) ended it. The script stands alone: `gnuplot NAME.gp` in the folder draws the figure again. */
tw_status tw_figure_draw(const char *folder, const char *name, const char *script);

#endif
