/* thalweg/thalweg.h: everything. */
#ifndef THALWEG_THALWEG_H
#define THALWEG_THALWEG_H
#include <thalweg/core.h>
#include <thalweg/comm.h>
#include <thalweg/linalg.h>
#include <thalweg/data.h>
#include <thalweg/network.h>
#include <thalweg/objective.h>
#include <thalweg/method.h>
#include <thalweg/ensemble.h>
#include <thalweg/run.h>
#include <thalweg/certify.h>
#include <thalweg/report.h>
#include <thalweg/version.h>
#endif
