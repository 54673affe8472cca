/** One `name{labels}` of a query. */
export interface Selector {
  readonly name: string;
  readonly labels: readonly { readonly name: string; readonly operator: string; readonly value: string }[];
}

const KEYWORDS = new Set(['by', 'without', 'on', 'ignoring', 'and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan']);
const LABEL = /([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"([^"]*)"/g;

/** Every metric of a query with its matchers. Words before a bracket are functions and aggregations. */
export function selectorsOf(query: string): Selector[] {
  const bare = withoutGroupings(query).replaceAll(/\[[^\]]*\]/g, '');
  return [...bare.matchAll(/([a-zA-Z_:][\w:]*)\s*(\{[^}]*\})?(\s*\()?/g)].flatMap(
    ([, name = '', labels = '', call]) => {
      if (call !== undefined || KEYWORDS.has(name)) return [];
      const found = [...labels.matchAll(LABEL)].map(([, label = '', operator = '', value = '']) => ({
        name: label,
        operator,
        value,
      }));
      return [{ name, labels: found }];
    },
  );
}

/** The labels of `by (...)`, `without (...)`, `on (...)` and `ignoring (...)`. */
export function groupingsOf(query: string): string[] {
  return [...query.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim()),
  );
}

const withoutGroupings = (query: string): string => query.replaceAll(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, ' ');
