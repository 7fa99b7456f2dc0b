#include <iostream>

#include "cli/session.h"

int main(int argc, char** argv) { return sagitta::cli::RunTool(argc, argv, std::cout, std::cerr); }
