using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// Reads files of questions. A row is read exactly, or left out with its reason, or the file is refused with the row.
/// </summary>
internal static class QuestionReader
{
    /// <summary>Why a question is not asked whose pair's other picture is missing.</summary>
    public const string CounterNotOnDisk = "the pair's other picture is not on disk";

    /// <summary>The rows of the files.</summary>
    /// <exception cref="InputException">A file is missing or damaged, of no known format, names columns that are not
    /// there, or has no row that can be asked about.</exception>
    public static QuestionSet Read(QuestionSource source)
    {
        IReadOnlyList<string> files = QuestionFiles.Expand(source.Files);
        if (files.Count == 0)
        {
            throw new InputException("file", "no file of questions is named.");
        }

        if (source.Images is { } folder && !Directory.Exists(folder))
        {
            throw new InputException(
                folder,
                File.Exists(folder)
                    ? "is a file, not a folder of pictures."
                    : "this folder of pictures does not exist.",
                "Correct the path in the spec."
            );
        }

        return new Reading(source, files).Run();
    }

    /// <summary>One reading of some files.</summary>
    private sealed class Reading(QuestionSource source, IReadOnlyList<string> files)
    {
        private readonly TextPool pool = new();
        private readonly Pictures pictures = new(source.Images);
        private readonly List<DataItem> kept = [];
        private readonly List<DataItem> leftOut = [];
        private readonly List<QuestionFile> read = [];
        private readonly List<string> notes = [];
        private Recognised? format;

        public QuestionSet Run()
        {
            IReadOnlyList<string> names = QuestionFiles.Names(files);
            for (int i = 0; i < files.Count; i++)
            {
                ReadFile(files[i], names[i]);
            }

            string named = files.Count == 1 ? files[0] : string.Join(", ", names);
            RequireRows(named);
            notes.AddRange(
                leftOut
                    .GroupBy(r => r.LeftOut!, StringComparer.Ordinal)
                    .OrderByDescending(g => g.Count())
                    .ThenBy(g => g.Key, StringComparer.Ordinal)
                    .Select(g =>
                    {
                        string first = g.Count() == 1 ? "" : "the first is ";
                        return Invariant.Text($"{Rows(g.Count())} left out: {g.Key} ({first}{g.First().SampleId})");
                    })
            );
            int gone = kept.Count(r => r.Gone is not null);
            if (gone > 0)
            {
                string first = kept.First(r => r.Gone is not null).SampleId;
                notes.Add(Invariant.Text($"{Rows(gone)} without its picture on disk (the first is {first})"));
            }

            return new QuestionSet(kept, leftOut, read, format!.Format, format.Why, notes);
        }

        private void ReadFile(string file, string name)
        {
            RowSource rows = RowSources.Open(file, pool);
            Recognised taken = FormatOf(rows);
            if (format is not null && (format.Format != taken.Format))
            {
                throw new InputException(
                    file,
                    $"is of another format than {read[0].Name} ({taken.Why}; {format.Why}).",
                    "Read them in experiments of their own, or set format."
                );
            }

            format ??= taken;
            RequireUsed(taken, rows);
            QuestionLayout layout = Layout(taken, new LayoutContext(source, rows, name, pictures, pool, notes));
            RequireColumns(layout, rows);
            var part = new FileRows([], []);
            var unanswered = new List<int>(); // places in the kept rows
            var ids = new Dictionary<string, long>(StringComparer.Ordinal);
            bool answered = false,
                repeats = false;
            long count = 0;
            foreach (RawRow raw in rows.Rows(layout.Wanted))
            {
                count++;
                var draft = new Draft { Row = raw.Number };
                if (raw.Unreadable is { } unreadable)
                {
                    draft.LeaveOut(unreadable);
                }
                else
                {
                    layout.Read(new Row(raw), draft);
                    repeats |= RepeatsId(draft, ids, layout, file, name, noted: repeats);
                }

                bool has = draft.Answers is not null;
                DataItem item = Finished(draft, file, name);
                answered |= has;
                if (item.LeftOut is null && !has)
                {
                    unanswered.Add(part.Kept.Count);
                }

                (item.LeftOut is null ? part.Kept : part.LeftOut).Add(item);
            }

            LeaveOutUnanswered(part, unanswered, layout, answered, name);
            layout.Finish(part);
            kept.AddRange(part.Kept);
            leftOut.AddRange(part.LeftOut.OrderBy(r => r.Question!.Row));
            read.Add(new QuestionFile(name, file, count, new FileInfo(file).Length));
            read.AddRange(layout.OtherFiles.Where(o => read.TrueForAll(r => r.FullPath != o.FullPath)));
        }

        /// <summary>A file that nobody would read is one that somebody wanted read.</summary>
        private void RequireUsed(Recognised taken, RowSource rows)
        {
            string? unused =
                taken.Format == QuestionFormat.Vqav2 ? null
                : source.Annotations is not null ? "annotations"
                : source.Pairs is not null ? "pairs"
                : null;
            if (unused is not null)
            {
                throw new InputException(
                    rows.File,
                    $"{unused} belong to the format vqav2, and this file is of another ({taken.Why}).",
                    $"Take {unused} out, or set format: vqav2."
                );
            }
        }

        private static void RequireColumns(QuestionLayout layout, RowSource rows)
        {
            if (rows.Columns.Count > 0 && layout.Required.FirstOrDefault(c => !rows.Columns.Contains(c)) is { } missing)
            {
                throw new InputException(
                    rows.File,
                    $"is no file of the format {Recognition.Spelt(layout.Format)}: it has no column '{missing}'. "
                        + $"Its columns are {ColumnsLayout.Names(rows)}.",
                    "Set another format, or format: columns and name the columns."
                );
            }
        }

        private Recognised FormatOf(RowSource rows) =>
            source.Format switch
            {
                QuestionFormat.Auto when !source.Columns.Named.Any() => Recognition.Of(rows),
                QuestionFormat.Auto or QuestionFormat.Columns => new Recognised(
                    QuestionFormat.Columns,
                    "columns: the spec names them",
                    source.Columns
                ),
                var set => new Recognised(set, $"{Recognition.Spelt(set)}: the spec says so"),
            };

        private QuestionLayout Layout(Recognised taken, LayoutContext context) =>
            taken.Format switch
            {
                QuestionFormat.Pope => new PopeLayout(context),
                QuestionFormat.Vqav2 => new Vqav2Layout(context),
                QuestionFormat.Columns => new ColumnsLayout(
                    context,
                    taken.Columns!,
                    isRecognised: !source.Columns.Named.Any()
                ),
                QuestionFormat.Gqa => new GqaLayout(context),
                QuestionFormat.Textvqa => new TextVqaLayout(context),
                QuestionFormat.Whatsup => new WhatsUpLayout(context),
                QuestionFormat.Vlmevalkit => new VlmEvalKitLayout(context),
                QuestionFormat.VisualCounterfact => new VisualCounterfactLayout(context),
                var other => throw new InvalidOperationException($"no layout of {other}"),
            };

        /// <summary>
        /// Rows without an answer: all of the file, which then has none, or some of a file that has, which are left
        /// out.
        /// </summary>
        private void LeaveOutUnanswered(
            FileRows part,
            List<int> unanswered,
            QuestionLayout layout,
            bool answered,
            string name
        )
        {
            if (unanswered.Count == 0)
            {
                return;
            }

            if (layout.HasAnswers ?? answered)
            {
                var places = unanswered.Select(i => part.Kept[i]).ToHashSet(ReferenceEqualityComparer.Instance);
                part.Revise(item => places.Contains(item) ? item with { LeftOut = NoAnswer } : item);
            }
            else
            {
                notes.Add($"{name} says no answers: nothing is judged by them");
            }
        }

        private bool RepeatsId(
            Draft draft,
            Dictionary<string, long> ids,
            QuestionLayout layout,
            string file,
            string name,
            bool noted
        )
        {
            if (draft.Id is not { } id || ids.TryAdd(id, draft.Row))
            {
                return false;
            }

            bool isOfPicture = draft.Picture is { } picture && IsNumberOf(id, picture.File);
            if (!isOfPicture && layout.IdsAreKeys)
            {
                throw new InputException(
                    Invariant.Text($"{file}:{draft.Row}"),
                    Invariant.Text($"the id '{Short(id)}' stands in row {ids[id]}, too."),
                    "Ids of one file must differ: mend the file, or name its columns without an id."
                );
            }

            if (!noted)
            {
                notes.Add(
                    Invariant.Text(
                        $"{name}: ids repeat (rows {ids[id]} and {draft.Row} both have '{Short(id)}'); "
                            + $"rows are told apart by their numbers"
                    )
                );
            }

            return true;
        }

        /// <summary>
        /// Whether an id is that of the picture, as some files have it in the place of the question's.
        /// </summary>
        private static bool IsNumberOf(string id, string picture)
        {
            string stem = Path.GetFileNameWithoutExtension(picture);
            int digits = stem.Length - stem.AsSpan().TrimEnd("0123456789").Length;
            return stem == id
                || (
                    digits > 0
                    && id.Length > 0
                    && id.All(char.IsAsciiDigit)
                    && stem[^digits..].TrimStart('0') == id.TrimStart('0')
                );
        }

        private DataItem Finished(Draft draft, string file, string name)
        {
            string[] answers = draft.Answers switch
            {
                null => [],
                [var only] => OneOf(pool.Of(only.Trim())),
                var several => [.. several.Select(a => pool.Of(a.Trim())).Distinct(StringComparer.Ordinal)],
            };
            string? counter = draft.CounterAnswer?.Trim();
            Judge(draft, answers, counter);
            FoundPicture? picture = draft.Picture;
            var question = new Question
            {
                Text = draft.Text ?? "",
                File = name,
                Row = draft.Row,
                Id = draft.Id,
                Answers = answers,
                Annotations = draft.Annotations,
                CounterAnswer = counter is null ? null : pool.Of(counter),
                CounterPicture = draft.CounterPicture?.Location,
                Options = draft.Options,
                Groups = draft.Groups,
            };
            string id = string.Create(CultureInfo.InvariantCulture, $"{name}:{draft.Row}");
            return new DataItem(
                id,
                picture?.File ?? id,
                picture?.FullPath ?? file,
                answers.Length > 0 ? answers[0] : null,
                LeftOut: draft.LeftOut
            )
            {
                Question = question,
                Location = picture?.Location ?? new PictureFile(file),
                Gone =
                    picture is { Gone: true } ? PictureFolder.NotOnDisk
                    : draft.CounterPicture is { Gone: true } ? CounterNotOnDisk
                    : null,
            };
        }

        private static void Judge(Draft draft, string[] answers, string? counter)
        {
            if (string.IsNullOrWhiteSpace(draft.Text))
            {
                draft.LeaveOut(draft.Text is null ? "it has no question" : "its question is empty");
            }

            RefuseControls(draft, draft.Text, "question");
            RefuseControls(draft, counter, "counter-answer");
            foreach (string answer in answers)
            {
                RefuseControls(draft, answer, "answer");
                if (answer.Length == 0)
                {
                    draft.LeaveOut("its answer is empty");
                }
            }

            if (draft.Answers is { Count: 0 })
            {
                draft.LeaveOut(NoAnswer);
            }

            if (counter is { Length: 0 })
            {
                draft.LeaveOut("its counter-answer is empty");
            }
            else if (counter is not null && answers.Contains(counter, StringComparer.OrdinalIgnoreCase))
            {
                draft.LeaveOut($"its counter-answer '{Short(counter)}' is among the right ones");
            }

            if (draft.Picture is null)
            {
                draft.LeaveOut("it names no picture");
            }
        }

        private static void RefuseControls(Draft draft, string? text, string what)
        {
            if (text is not null && QuestionText.Control(text) is { } control)
            {
                draft.LeaveOut($"its {what} holds {control}");
            }
        }

        private readonly Dictionary<string, string[]> lists = new(StringComparer.Ordinal);

        /// <summary>A list of one text, which rows with the same answer share.</summary>
        private string[] OneOf(string text)
        {
            if (!lists.TryGetValue(text, out string[]? shared))
            {
                lists[text] = shared = [text];
            }

            return shared;
        }

        private void RequireRows(string named)
        {
            if (kept.Count == 0)
            {
                if (leftOut.Count == 0)
                {
                    throw new InputException(named, "holds no question.");
                }

                var reasons = leftOut
                    .GroupBy(r => r.LeftOut!, StringComparer.Ordinal)
                    .OrderByDescending(g => g.Count())
                    .Take(5)
                    .Select(g => Invariant.Text($"{g.Count()}: {g.Key}, the first is {g.First().SampleId}"));
                throw new InputException(
                    named,
                    Invariant.Text($"none of {Rows(leftOut.Count)} can be asked about ({string.Join("; ", reasons)}).")
                );
            }

            if (kept.TrueForAll(r => r.Gone is not null))
            {
                DataItem first = kept[0];
                throw new InputException(
                    first.FullPath,
                    Invariant.Text(
                        $"none of the pictures is on disk that {named} names ({Rows(kept.Count)}); this is the first."
                    ),
                    "Get the pictures that belong to the file, or name the folder that holds them (images)."
                );
            }
        }

        private static string Rows(int count) => count == 1 ? "1 row" : Invariant.Text($"{count} rows");

        private static string Short(string text) => text.Length <= 60 ? text : text[..60] + "…";
    }

    private const string NoAnswer = "it has no answer";
}
