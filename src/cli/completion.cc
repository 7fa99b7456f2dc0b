// sagitta completion: scripts that complete commands and options, made from the very parser.

#include <map>
#include <memory>

#include "cli/session.h"

namespace sagitta::cli {
namespace {

// Words that may follow each command path: "collection create" → "--dim --metric …".
using Words = std::map<std::string, std::vector<std::string>>;

void Collect(const CLI::App& app, const std::string& path, Words* words) {
  auto& here = (*words)[path];
  for (const CLI::App* sub : app.get_subcommands({})) {
    here.push_back(sub->get_name());
    Collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), words);
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) here.push_back("--" + name);
  }
}

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Both shells find the path by walking the words typed so far along the known paths.
void PrintBash(const Words& words, std::ostream& out) {
  out << "# bash completion of sagitta: source this, or put it into bash-completion's folder.\n"
         "_sagitta() {\n  local cur=\"${COMP_WORDS[COMP_CWORD]}\" path=\"\" next word i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n    word=\"${COMP_WORDS[i]}\"\n"
         "    next=\"${path:+$path }$word\"\n    case \"$next\" in\n";
  for (const auto& [path, list] : words) {
    if (!path.empty()) out << "      \"" << path << "\") path=\"$next\" ;;\n";
  }
  out << "    esac\n  done\n  local words=\"\"\n  case \"$path\" in\n";
  for (const auto& [path, list] : words) {
    out << "    \"" << path << "\") words=\"" << Join(list) << "\" ;;\n";
  }
  out << "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "  [[ ${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- \"$cur\"))\n}\n"
         "complete -o filenames -F _sagitta sagitta\n";
}

void PrintZsh(const Words& words, std::ostream& out) {
  out << "#compdef sagitta\n# zsh completion of sagitta: put it into a folder of $fpath as "
         "_sagitta.\n"
         "_sagitta() {\n  local path_=\"\" next word\n  local -a choices\n"
         "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n    next=\"${path_:+$path_ }$word\"\n"
         "    case \"$next\" in\n";
  for (const auto& [path, list] : words) {
    if (!path.empty()) out << "      \"" << path << "\") path_=\"$next\" ;;\n";
  }
  out << "    esac\n  done\n  case \"$path_\" in\n";
  for (const auto& [path, list] : words) {
    out << "    \"" << path << "\") choices=(" << Join(list) << ") ;;\n";
  }
  out << "  esac\n  compadd -- $choices || _files\n}\n_sagitta \"$@\"\n";
}

void PrintFish(const Words& words, std::ostream& out) {
  out << "# fish completion of sagitta: put it into ~/.config/fish/completions/sagitta.fish.\n"
         "function __sagitta_words\n  set -l path ''\n"
         "  for word in (commandline -opc)[2..-1]\n"
         "    set -l next (string trim -- \"$path $word\")\n    switch \"$next\"\n";
  for (const auto& [path, list] : words) {
    if (!path.empty()) out << "      case '" << path << "'\n        set path \"$next\"\n";
  }
  out << "    end\n  end\n  switch \"$path\"\n";
  for (const auto& [path, list] : words) {
    out << "    case '" << path << "'\n      printf '%s\\n' " << Join(list) << "\n";
  }
  out << "  end\nend\ncomplete -c sagitta -a '(__sagitta_words)'\n";
}

}  // namespace

void AddCompletionCommand(CLI::App& app, Commands& commands) {
  auto* sub = app.add_subcommand("completion", "Print a shell completion script");
  auto shell = std::make_shared<std::string>();
  sub->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  commands.Bind(sub, [shell, &app](Session& session) -> Outcome {
    Words words;
    Collect(app, "", &words);
    if (*shell == "bash") PrintBash(words, session.out());
    if (*shell == "zsh") PrintZsh(words, session.out());
    if (*shell == "fish") PrintFish(words, session.out());
    return Outcome::Ok();
  });
}

}  // namespace sagitta::cli
